import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../src/domain/alternates.ts';
import type { AdminSetting, AdminState, ServiceStatus } from '../../src/domain/model.ts';
import { decideSettingEffect, renderSettingEffect } from '../../src/domain/setting-effect.ts';
import { serviceStatus } from '../service-status.ts';

const NOW = 1_000_000;
const setting = (admin: AdminState, maintAt?: number): AdminSetting => ({
  ...{ admin, reason: 'patching', until: null },
  ...(maintAt === undefined ? {} : { maintAt }),
});
const candidate = (id: string, over: Partial<ServiceStatus> = {}): Candidate => ({
  status: serviceStatus({ id, name: `Finesse ${id.toUpperCase()}`, state: 'in-service', confirmedAt: NOW, ...over }),
  freshForMs: 10_000,
});
const effectOf = (cluster: readonly Candidate[], admin: AdminSetting, phones: number) => {
  return decideSettingEffect(cluster[0] as Candidate, cluster, admin, phones, NOW);
};

describe('what a setting would touch', () => {
  const both = [candidate('a'), candidate('b')];

  it('B940 drain: agents stay, nobody new is admitted, and where new ones go', () => {
    const effect = effectOf(both, setting('drain'), 12);
    expect(effect).toMatchObject({ phones: 12, stay: true, newOnes: false, nobodyAdmitted: false });
    expect(renderSettingEffect(effect)).toBe(
      'Finesse A: 12 agents are signed in there and stay; nobody new is admitted. Alternates: Finesse B.',
    );
  });

  it('B940 maint: agents are led away', () => {
    const effect = effectOf(both, setting('maint'), 1);
    expect(effect).toMatchObject({ stay: false, newOnes: false });
    expect(renderSettingEffect(effect)).toBe(
      'Finesse A: 1 agent is signed in there and is led away at the next key or refresh; nobody is admitted. Alternates: Finesse B.',
    );
  });

  it('B940 ready: all are admitted, and nothing else matters', () => {
    const words = renderSettingEffect(effectOf([candidate('a')], setting('ready'), 0));
    expect(words).toBe('Finesse A: 0 agents are signed in there and stay; new ones are admitted.');
  });

  it('B940 a maintenance that begins later: they stay until then', () => {
    const effect = effectOf(both, setting('drain', NOW + 600_000), 3);
    expect(effect.maintAt).toBe(NOW + 600_000);
    expect(renderSettingEffect(effect)).toContain('stay until 1970-01-01T00:26:40.000Z, then are led away');
  });

  it('B940 when nobody would be admitted any more, and when there is no alternate, it says so', () => {
    const other = candidate('b', { admin: setting('maint') });
    const effect = effectOf([candidate('a'), other], setting('drain'), 2);
    expect(effect).toMatchObject({ nobodyAdmitted: true, alternates: [] });
    expect(renderSettingEffect(effect)).toContain(
      'There is no confirmed alternate now. No service of the cluster would admit new agents.',
    );
  });
});
