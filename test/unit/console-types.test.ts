/**
 * What the console believes the ops port to answer (console/*.d.ts, types only, for browsers) is what the schemas say that it does:
 * the answers are checked by these in the tests, and here the compiler checks the console's types. Nothing runs.
 */

import { expectTypeOf, it } from 'vitest';
import type { z } from 'zod';
import type * as Phone from '../../console/phone-types.d.ts';
import type * as Console from '../../console/types.d.ts';
import type * as Answers from '../../src/ops/api-schemas.ts';

type Answer<Name extends keyof typeof Answers> = z.infer<Extract<(typeof Answers)[Name], z.ZodType>>;

it('the console reads no answer otherwise than the schemas have it', () => {
  expectTypeOf<Answer<'healthAnswer'>>().toExtend<Console.Health>();
  expectTypeOf<Answer<'outageInFull'>>().toExtend<
    Console.Outage & { devices?: readonly Console.OutageDevice[] | undefined }
  >();
  expectTypeOf<Answer<'devicesAnswer'>['devices'][number]>().toExtend<Console.Device>();
  expectTypeOf<Answer<'auditAnswer'>['entries'][number]>().toExtend<Console.AuditEntry>();
  expectTypeOf<Answer<'changesAnswer'>['changes'][number]>().toExtend<Console.Change>();
  expectTypeOf<Answer<'probesAnswer'>['services'][number]['probes'][number]>().toExtend<Console.Probe>();
  expectTypeOf<Answer<'preview'>>().toExtend<Console.Preview>();
  expectTypeOf<Answer<'drillPreview'>>().toExtend<Console.DrillPreview>();
  expectTypeOf<Answer<'aboutAnswer'>>().toExtend<Console.About>();
  expectTypeOf<Answer<'phonesAnswer'>>().toExtend<Phone.Phones>();
  expectTypeOf<Answer<'demoAnswer'>>().toExtend<Phone.Demo>();
  // And what it sends is what they take.
  expectTypeOf<Phone.Key & { page: number }>().toExtend<z.input<typeof Answers.phoneKey>>();
});
