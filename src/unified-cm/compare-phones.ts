/** Web servers of phones, and the users that push to them (reference/unified-cm-axl.md §3, §4). Pure. */

import type { Difference } from './difference.ts';
import type { CmState } from './reader.ts';
import type { CmPhone, WebSettings } from './records.ts';

type Levels = Pick<CmState, 'profiles' | 'enterprise'>;

/** Where a setting that holds for a phone comes from. */
interface Effective {
  readonly value: string;
  /** null: it is set nowhere, so that the phone's own default holds. */
  readonly level: string | null;
}

/** The phone before its Common Phone Profile before the Enterprise Phone Configuration. null: a level could not be read. */
export function effectiveSetting(phone: CmPhone, field: keyof WebSettings, levels: Levels): Effective | null {
  const profile = levels.profiles.get(phone.profile) ?? { webAccess: '', webProtocol: '' };
  if (phone.web[field] !== '') return { value: phone.web[field], level: 'phone' };
  if ('unread' in profile) return null;
  if (profile[field] !== '') return { value: profile[field], level: `Common Phone Profile ${phone.profile}` };
  if ('unread' in levels.enterprise) return null;
  const value = levels.enterprise[field];
  return { value, level: value === '' ? null : 'Enterprise Phone Configuration' };
}

const ENABLED = '0';
const HTTPS_ONLY = '1';

/** `pushScheme`: by which scheme the proxy itself pushes; null: it does not. */
export function comparePhones(
  phones: readonly CmPhone[],
  levels: Levels,
  pushScheme: 'http' | 'https' | null,
): Difference[] {
  return phones.flatMap((phone) => [
    ...compareWebAccess(phone, levels),
    ...(pushScheme === 'http' ? compareProtocol(phone, levels) : []),
    ...compareProvisioning(phone),
  ]);
}

function differ({ name }: CmPhone, field: string, found: string, expected: string, advice: string): Difference {
  return { about: 'phone', names: [name], field, found, expected, remedy: 'by-hand', advice };
}

function levelOf({ level }: Effective): string {
  return level ?? 'the default of the phone';
}

function compareWebAccess(phone: CmPhone, levels: Levels): Difference[] {
  const access = effectiveSetting(phone, 'webAccess', levels);
  if (access === null || access.value === ENABLED) return [];
  const advice = 'set it there, apply, reset: docs/unified-cm.md, 1';
  return [differ(phone, 'Web Access', `Disabled (${levelOf(access)})`, 'Enabled', advice)];
}

/** For a proxy that pushes by http itself. */
function compareProtocol(phone: CmPhone, levels: Levels): Difference[] {
  const protocol = effectiveSetting(phone, 'webProtocol', levels);
  if (protocol?.value !== HTTPS_ONLY) return [];
  const advice = 'the proxy pushes by http: change this, or push.scheme';
  return [differ(phone, 'HTTPS Server', `HTTPS Only (${levelOf(protocol)})`, 'HTTP and HTTPS', advice)];
}

function compareProvisioning(phone: CmPhone): Difference[] {
  const { phoneServiceDisplay: found } = phone;
  if (found !== 'External URL') return [];
  return [
    differ(phone, 'Services Provisioning', found, 'Internal or Both', 'else the phone does not show the service'),
  ];
}

/** Those that Finesse asks for (reference/finesse-ippa.md §4). */
const GROUPS = ['Standard CTI Enabled', 'Standard CTI Allow Control Of All Devices'];

export function compareUsers({ users, phones, copies }: Pick<CmState, 'users' | 'phones' | 'copies'>): Difference[] {
  const profiles = 'unread' in copies ? [] : copies.filter(({ isProfile }) => isProfile).map(({ device }) => device);
  return [...users].flatMap(([name, user]) => {
    const differ = (names: readonly string[], field: string, found: string, expected: string): Difference => ({
      about: 'user',
      names,
      field,
      found,
      expected,
      remedy: 'by-hand',
      advice: 'User Management > Application User',
    });
    if (user !== null && 'unread' in user) return [];
    if (user === null) return [differ([name], 'Application user', 'none', 'there')];
    const controlled = new Set(user.devices);
    return [
      ...GROUPS.filter((group) => !user.groups.includes(group)).map((group) =>
        differ([name], 'Group', 'not a member', group),
      ),
      ...phones
        .filter((phone) => !controlled.has(phone.name))
        .map((phone) => differ([phone.name], `Controlled Devices of ${name}`, 'not among them', 'among them')),
      ...profiles
        .filter((profile) => !user.profiles.includes(profile))
        .map((profile) => differ([profile], `Controlled Profiles of ${name}`, 'not among them', 'among them')),
    ];
  });
}
