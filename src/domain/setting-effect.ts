/** What setting a service would touch, told before it is set. Pure. */

import { type Candidate, selectAlternates } from './alternates.ts';
import type { AdminSetting, AdminState } from './model.ts';
import { admitsNewAgents } from './routing.ts';

export interface SettingEffect {
  readonly service: string;
  readonly name: string;
  readonly admin: AdminState;
  /** Agents signed in there. */
  readonly phones: number;
  /** Whether they stay. With a maintenance that begins later they do until then. */
  readonly stay: boolean;
  readonly newOnes: boolean;
  /** When drain becomes maint, epoch ms; null: it does not. */
  readonly maintAt: number | null;
  /** Where its agents would be led. */
  readonly alternates: readonly { readonly id: string; readonly name: string }[];
  /** No service of the cluster would take agents who are signed in nowhere yet. */
  readonly nobodyAdmitted: boolean;
}

/** `cluster` are all candidates of its cluster, the service itself too. */
export function decideSettingEffect(
  { status }: Candidate,
  cluster: readonly Candidate[],
  setting: AdminSetting,
  phones: number,
  now: number,
): SettingEffect {
  const after = cluster.map((each) =>
    each.status.id === status.id ? { ...each.status, admin: setting } : each.status,
  );
  return {
    service: status.id,
    name: status.name,
    admin: setting.admin,
    phones,
    stay: setting.admin !== 'maint',
    newOnes: setting.admin === 'ready',
    maintAt: setting.maintAt ?? null,
    alternates: selectAlternates(status, cluster, now).map(({ id, name }) => ({ id, name })),
    nobodyAdmitted: setting.admin !== 'ready' && !after.some(admitsNewAgents),
  };
}

/** Such as: Finesse A: 12 agents are signed in there and stay; nobody new is admitted. Alternates: Finesse B. */
export function renderSettingEffect(effect: SettingEffect): string {
  const { name, phones, newOnes, alternates, nobodyAdmitted } = effect;
  const others = alternates.map((each) => each.name).join(', ');
  const parts = [
    `${name}: ${phones === 1 ? '1 agent is' : `${phones} agents are`} signed in there and ${renderFate(effect)}.`,
    ...(newOnes ? [] : [others === '' ? 'There is no confirmed alternate now.' : `Alternates: ${others}.`]),
    ...(nobodyAdmitted ? ['No service of the cluster would admit new agents.'] : []),
  ];
  return parts.join(' ');
}

function renderFate({ stay, newOnes, maintAt, phones }: SettingEffect): string {
  const [stays, leaves] = phones === 1 ? ['stays', 'is led away'] : ['stay', 'are led away'];
  if (newOnes) return `${stays}; new ones are admitted`;
  if (maintAt !== null) {
    return `${stays} until ${new Date(maintAt).toISOString()}, then ${leaves}; nobody new is admitted from now on`;
  }
  return stay ? `${stays}; nobody new is admitted` : `${leaves} at the next key or refresh; nobody is admitted`;
}
