/** Whom a drill would touch, told before it begins and when it has. Pure. */

import type { ServiceStatus } from './model.ts';

export interface DrillEffect {
  readonly service: string;
  readonly name: string;
  readonly forSeconds: number;
  /** How many devices were named; null: all are meant. */
  readonly devices: number | null;
  /** How many of those are signed in there and use this proxy. */
  readonly signedIn: number;
  /** How many more are signed in there and use another proxy: they see nothing of it. */
  readonly atOtherProxies: number;
  /** The named ones that are not. */
  readonly notSignedIn: readonly string[];
  /** Where their agents would be led. */
  readonly alternates: readonly { readonly id: string; readonly name: string }[];
}

export interface DrillScope {
  readonly forMs: number;
  /** null: all. */
  readonly devices: readonly string[] | null;
  /** All devices signed in there. */
  readonly signedIn: readonly string[];
  /** Whether a device has used this proxy last. */
  readonly isHere: (device: string) => boolean;
}

export function decideDrillEffect(
  { id, name }: ServiceStatus,
  alternates: readonly ServiceStatus[],
  { forMs, devices, signedIn, isHere }: DrillScope,
): DrillEffect {
  const named = devices === null ? null : [...new Set(devices)];
  const there = new Set(signedIn);
  const notSignedIn = (named ?? []).filter((device) => !there.has(device));
  const meant = named === null ? signedIn : named.filter((device) => there.has(device));
  const here = meant.filter(isHere);
  return {
    ...{ service: id, name, forSeconds: forMs / 1000, devices: named?.length ?? null },
    signedIn: here.length,
    atOtherProxies: meant.length - here.length,
    notSignedIn,
    alternates: alternates.map((each) => ({ id: each.id, name: each.name })),
  };
}

/** Such as: 3 agents signed in at Finesse A see a failover for 2 minutes; alternates: Finesse B. */
export function renderDrillEffect(effect: DrillEffect): string {
  const { name, forSeconds, signedIn, atOtherProxies, notSignedIn, alternates } = effect;
  const length = renderLength(forSeconds);
  const others = alternates.length === 0 ? 'none is confirmed' : alternates.map((each) => each.name).join(', ');
  const who = signedIn === 1 ? '1 agent signed in at' : `${signedIn} agents signed in at`;
  const here = `${who} ${name} ${signedIn === 1 ? 'sees' : 'see'} a failover for ${length}; alternates: ${others}.`;
  const elsewhere = `${atOtherProxies} more ${atOtherProxies === 1 ? 'uses' : 'use'} another proxy: begin it there too.`;
  const seen = atOtherProxies === 0 ? here : `${here} ${elsewhere}`;
  if (notSignedIn.length === 0) return seen;
  return `${seen} Not signed in there: ${renderNames(notSignedIn)}; a named phone that comes there meanwhile sees it too.`;
}

const MAX_NAMES = 10;

function renderNames(names: readonly string[]): string {
  const more = names.length - MAX_NAMES;
  return more <= 0 ? names.join(', ') : `${names.slice(0, MAX_NAMES).join(', ')} and ${more} more`;
}

/** The largest unit that leaves no fraction. */
function renderLength(seconds: number): string {
  const units = [
    [3600, 'hour'],
    [60, 'minute'],
  ] as const;
  const [size, unit] = units.find(([each]) => seconds >= each && seconds % each === 0) ?? ([1, 'second'] as const);
  const count = seconds / size;
  return count === 1 ? `1 ${unit}` : `${count} ${unit}s`;
}
