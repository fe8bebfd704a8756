/** Orders in words: typed on stdin, given on the command line, or sent to the control port. */

import { OrderError } from './faults.ts';
import type { Finesse } from './server.ts';

export type Order =
  | { readonly kind: 'fault'; readonly name: string; readonly args: Readonly<Record<string, unknown>> }
  | { readonly kind: 'call'; readonly who: string; readonly from: string }
  | { readonly kind: 'hangup'; readonly who: string }
  | { readonly kind: 'state' }
  | { readonly kind: 'help' }
  | { readonly kind: 'quit' };

/** One line, for example `slow ms=3000 for=10s` or `call SEP001122334455 from 0711555`. Throws OrderError. */
export function parseOrder(line: string): Order | null {
  const [first = '', ...words] = line.trim().split(/\s+/);
  switch (first.toLowerCase()) {
    case '':
      return null;
    case 'help':
    case '?':
      return { kind: 'help' };
    case 'quit':
    case 'exit':
      return { kind: 'quit' };
    case 'state':
      return { kind: 'state' };
    case 'call': {
      const [who, from] = words.filter((word) => word !== 'from');
      if (who === undefined || from === undefined) throw new OrderError('Write: call DEVICE from NUMBER');
      return { kind: 'call', who, from };
    }
    case 'hangup': {
      const [who] = words;
      if (who === undefined) throw new OrderError('Write: hangup DEVICE');
      return { kind: 'hangup', who };
    }
    case 'fault': {
      const [name, ...rest] = words;
      if (name === undefined) throw new OrderError('Write: fault NAME');
      return { kind: 'fault', name, args: parseArguments(rest) };
    }
    default:
      return { kind: 'fault', name: first, args: parseArguments(words) };
  }
}

/** `['ms=3000', 'for=10s']` to an object. Throws OrderError. */
export function parseArguments(words: readonly string[]): Record<string, string> {
  const args: Record<string, string> = {};
  for (const word of words) {
    const [, key, value] = /^([a-z]+)=(.*)$/i.exec(word) ?? [];
    if (key === undefined || value === undefined) throw new OrderError(`"${word}" is not of the form key=value.`);
    args[key] = value;
  }
  return args;
}

/** What the server is at, without secrets. */
export function describe(finesse: Finesse): object {
  const { name, args, scope, since, left } = finesse.currentFault;
  return {
    name: finesse.settings.name,
    url: finesse.url,
    ownOrigin: finesse.ownOrigin,
    fault: { name, args, scope, since: new Date(since).toISOString(), left },
    connections: finesse.connections,
    requests: finesse.requests.length,
    actions: finesse.actions.length,
    signedIn: finesse.agents
      .filter((agent) => agent.state !== 'LOGOUT')
      .map((agent) => ({ agent: agent.id, device: agent.device, state: agent.state, call: agent.call?.from ?? null })),
  };
}

/** One line for each thing of note. */
export function stateWords(finesse: Finesse): string {
  const fault = finesse.currentFault;
  const lines = [
    fault.name === 'none' ? 'No fault: everything works.' : `Fault: ${faultWords(fault)}.`,
    `${finesse.requests.length} requests, ${finesse.actions.length} state changes, ${finesse.connections} open connections.`,
  ];
  for (const agent of finesse.agents) {
    if (agent.state === 'LOGOUT') continue;
    lines.push(
      `Agent ${agent.id} on ${agent.device ?? 'no phone'}: ${agent.state}${agent.call === null ? '' : `, call from ${agent.call.from}`}`,
    );
  }
  return lines.join('\n');
}

export function faultWords(fault: Finesse['currentFault']): string {
  const parts = Object.entries(fault.args).map(([key, value]) => `${key}=${value}`);
  if (fault.forMs !== null) parts.push(`for ${fault.forMs / 1000} s`);
  if (fault.left !== null) parts.push(`${fault.left} more requests`);
  return [fault.name, ...parts].join(' ');
}
