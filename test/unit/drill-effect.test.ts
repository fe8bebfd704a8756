import { expect, it } from 'vitest';
import { decideDrillEffect, renderDrillEffect } from '../../src/domain/drill-effect.ts';
import { serviceStatus } from '../service-status.ts';

const [a, b] = ['a', 'b'].map((id) => serviceStatus({ id, name: `Finesse ${id.toUpperCase()}` })) as [
  ReturnType<typeof serviceStatus>,
  ReturnType<typeof serviceStatus>,
];
const effectOf = (devices: readonly string[] | null, phones: number, forMs = 120_000, isHere = (_: string) => true) => {
  const signedIn = Array.from({ length: phones }, (_, index) => `SEP${index + 1}`);
  return decideDrillEffect(a, [b], { forMs, devices, signedIn, isHere });
};

it.each([
  [3, 120_000, '3 agents signed in at Finesse A see a failover for 2 minutes; alternates: Finesse B.'],
  [1, 3_600_000, '1 agent signed in at Finesse A sees a failover for 1 hour; alternates: Finesse B.'],
  [0, 90_000, '0 agents signed in at Finesse A see a failover for 90 seconds; alternates: Finesse B.'],
])('B583 a drill for all: %i signed in, %i ms', (phones, forMs, words) => {
  expect(effectOf(null, phones, forMs)).toMatchObject({ devices: null, signedIn: phones, notSignedIn: [] });
  expect(renderDrillEffect(effectOf(null, phones, forMs))).toBe(words);
});

it('B583 a drill for named devices says which of them are not signed in there', () => {
  const effect = effectOf(['SEP1', 'x1', 'SEP1'], 9);
  expect(effect).toMatchObject({ devices: 2, signedIn: 1, notSignedIn: ['x1'], alternates: [{ id: 'b' }] });
  expect(renderDrillEffect(effect)).toBe(
    '1 agent signed in at Finesse A sees a failover for 2 minutes; alternates: Finesse B. ' +
      'Not signed in there: x1; a named phone that comes there meanwhile sees it too.',
  );
  const many = Array.from({ length: 12 }, (_, index) => `x${index}`);
  expect(renderDrillEffect(effectOf(many, 9))).toContain('x8, x9 and 2 more;');
});

it('B819 a drill is for phones that used this proxy last, and says how many use another one', () => {
  const isHere = (device: string) => device !== 'SEP2';
  expect(effectOf(null, 3, 120_000, isHere)).toMatchObject({ signedIn: 2, atOtherProxies: 1 });
  expect(renderDrillEffect(effectOf(null, 3, 120_000, isHere))).toBe(
    '2 agents signed in at Finesse A see a failover for 2 minutes; alternates: Finesse B. 1 more uses another proxy: begin it there too.',
  );
  expect(effectOf(['SEP1', 'SEP2', 'x1'], 3, 120_000, isHere)).toMatchObject({
    ...{ devices: 3, signedIn: 1, atOtherProxies: 1, notSignedIn: ['x1'] },
  });
});
