/** The pages of the phone agent. The session is keyed by the device name in the path (finesse-ippa.md §5). */

import type { Agent, Agents } from './agents.ts';
import type { Settings } from './options.ts';
import { type Frame, inputPage, menuPage, type PhonePage, type SoftKey, textPage } from './phone-page.ts';

export interface FippaRequest {
  readonly device: string;
  /** What follows the device name, for example '' or '/ready'. */
  readonly path: string;
  /** From the query string and, for a POST, the form. */
  readonly query: URLSearchParams;
  /** The URL of a path below the device. */
  readonly url: (path: string) => string;
}

export interface FippaWorld {
  readonly settings: Settings;
  readonly agents: Agents;
  readonly outOfService: boolean;
  /** Out of service for so long that fippa has given up (15 s). */
  readonly gaveUp: boolean;
  readonly maintenance: boolean;
  /** Whether the phone that asks takes `SoftKey:` URIs. Without such keys it shows those of its own for a form or a menu. */
  readonly softKeyUris: boolean;
}

const EXIT: SoftKey = { name: 'Exit', url: 'SoftKey:Exit' };
const STATE_WORDS = {
  LOGOUT: 'Signed out',
  NOT_READY: 'Not Ready',
  READY: 'Ready',
  WORK: 'Wrap-up',
  TALKING: 'Talking',
};

/** The page for a request, after acting on it: phones sign in and change state by GET. */
export function answerFippa(world: FippaWorld, request: FippaRequest): PhonePage {
  const agent = world.agents.onDevice(request.device);
  if (world.gaveUp || (world.outOfService && agent === null)) return unavailable(world, request);
  if (agent === null) return signedOut(world, request);
  switch (request.path) {
    case '/logout':
      world.agents.signOut(agent, null);
      return signInForm(world, request);
    case '/calldata':
      return callData(world, request, agent);
    case '/ready':
    case '/notready':
    case '/wrapup':
    case '/signout':
      return changeState(world, request, agent);
    case '/home':
      return home(world, request, agent, false);
    default:
      // The entry with the parameters of One Button Sign In, and a sign-in form sent twice, find the agent at home.
      return home(world, request, agent, request.query.size > 0);
  }
}

function signedOut(world: FippaWorld, request: FippaRequest): PhonePage {
  const { query } = request;
  const [id, password, extension] = [query.get('id') ?? '', query.get('password') ?? '', query.get('extension') ?? ''];
  const submitted = request.path === '/signin';
  if (request.path !== '' && request.path !== '/' && !submitted) return signInForm(world, request);
  if (world.maintenance && (submitted || query.size > 0)) return maintenance(world, request);
  if (id === '' || password === '' || extension === '') {
    if (!submitted) return signInForm(world, request, id, extension);
    return notice(world, request, 'Sign-in failed', 'Enter ID, password and extension.', 'SignIn');
  }
  const result = world.agents.signIn(request.device, id, password, extension);
  const agent = world.agents.onDevice(request.device);
  if (result === 'ok' && agent !== null) return home(world, request, agent, true);
  const why = {
    ok: '',
    // A locked account is not told apart from a wrong password (finesse-ippa.md §8).
    refused: 'The ID or the password is wrong.',
    'extension-unknown': 'The extension is not valid.',
    'extension-in-use': 'The extension is in use by another agent.',
  }[result];
  return notice(world, request, 'Sign-in failed', why, 'SignIn');
}

function changeState(world: FippaWorld, request: FippaRequest, agent: Agent): PhonePage {
  const { agents, settings } = world;
  if (world.outOfService)
    return notice(world, request, 'Not changed', 'The server is out of service. Try again.', 'Back');
  const reason = request.query.get('reason');
  switch (request.path) {
    case '/ready':
      agents.change(agent, 'READY', null);
      break;
    case '/wrapup':
      agents.change(agent, 'WORK', null);
      break;
    case '/notready':
      if (reason === null && settings.notReadyReasons.length > 0) return reasons(world, request, 'Not Ready reason');
      agents.change(agent, 'NOT_READY', reason);
      break;
    default:
      if (agent.state !== 'NOT_READY')
        return notice(world, request, 'Not signed out', 'Go to Not Ready first, then sign out.', 'Back');
      if (reason === null && settings.signOutReasons.length > 0) return reasons(world, request, 'Sign-out reason');
      agents.signOut(agent, reason);
      return signInForm(world, request);
  }
  return home(world, request, agent, true);
}

function signInForm(world: FippaWorld, request: FippaRequest, id = '', extension = ''): PhonePage {
  const keys = [{ name: 'SignIn', url: 'SoftKey:Submit' }, { name: '<<', url: 'SoftKey:<<' }, EXIT];
  const xml = inputPage(frame(world, 'Sign in', keys), request.url('/signin'), [
    { label: 'ID', parameter: 'id', flags: 'A', value: id },
    { label: 'Password', parameter: 'password', flags: 'AP' },
    { label: 'Extension', parameter: 'extension', flags: 'N', value: extension },
  ]);
  // Under the URL of an action, signing out say, it must not come back by Exit.
  return { xml, refresh: null, expired: request.path !== '' && request.path !== '/' };
}

/** `acted`: the request did something, so the page must not come back by Exit under the URL that did it. */
function home(world: FippaWorld, request: FippaRequest, agent: Agent, acted: boolean): PhonePage {
  const key = (name: string, path: string): SoftKey => ({ name, url: request.url(path) });
  const ready = key('Ready', '/ready');
  const notReady = key('NotReady', '/notready');
  const keys = {
    LOGOUT: [],
    NOT_READY: [ready, notReady, key('SignOut', '/signout')],
    READY: [notReady],
    WORK: [ready, notReady],
    TALKING: [ready, notReady, key('WrapUp', '/wrapup'), key('CallData', '/calldata')],
  }[agent.state];
  const lines = [`${agent.name} (${agent.id})`, `Extension ${agent.extension ?? ''}`, stateLine(world, agent)];
  if (agent.pending !== null && agent.call !== null) lines.push(`Then: ${STATE_WORDS[agent.pending]}`);
  if (agent.call !== null) lines.push(...agent.call.data.map(([label, value]) => `${label}: ${value}`));
  const seconds = world.settings.refreshSeconds;
  return {
    xml: textPage(frame(world, `${agent.id} ${STATE_WORDS[agent.state]}`, [...keys, EXIT]), lines.join('\n')),
    refresh: seconds === null ? null : { seconds, url: request.url('/home') },
    expired: acted,
  };
}

function stateLine(world: FippaWorld, agent: Agent): string {
  const label = world.settings.notReadyReasons.find((reason) => reason.code === agent.reason)?.label;
  return `State: ${STATE_WORDS[agent.state]}${label === undefined ? '' : ` - ${label}`}`;
}

function reasons(world: FippaWorld, request: FippaRequest, prompt: string): PhonePage {
  const { settings } = world;
  const list = request.path === '/signout' ? settings.signOutReasons : settings.notReadyReasons;
  const items = list.map((reason) => ({
    name: reason.label,
    url: request.url(`${request.path}?reason=${encodeURIComponent(reason.code)}`),
  }));
  const keys = [{ name: 'Select', url: 'SoftKey:Select' }, { name: 'Back', url: request.url('/home') }, EXIT];
  return { xml: menuPage(frame(world, prompt, keys), items), refresh: null, expired: true };
}

/** One column: header, then the left column, then the right one (finesse-ippa.md §5). */
function callData(world: FippaWorld, request: FippaRequest, agent: Agent): PhonePage {
  const text = agent.call?.data.map(([label, value]) => `${label}\n  ${value}`).join('\n') ?? 'No call.';
  const keys = [{ name: 'Back', url: request.url('/home') }, EXIT];
  return { xml: textPage(frame(world, 'Call data', keys), text), refresh: null, expired: true };
}

function maintenance(world: FippaWorld, request: FippaRequest): PhonePage {
  const other = world.settings.peer ?? 'the other service';
  const words = `This Finesse Service is unavailable due to maintenance. Sign in to ${other}.`;
  return notice(world, request, 'Maintenance', words, 'Retry');
}

function unavailable(world: FippaWorld, request: FippaRequest): PhonePage {
  const words = 'The Finesse server is not available. Press Retry to try again, or Exit and choose another service.';
  return notice(world, request, 'Server unavailable', words, 'Retry');
}

function notice(world: FippaWorld, request: FippaRequest, prompt: string, words: string, key: string): PhonePage {
  const keys = [{ name: key, url: request.url('') }, EXIT];
  return { xml: textPage(frame(world, prompt, keys), words), refresh: null, expired: true };
}

function frame(world: FippaWorld, prompt: string, keys: readonly SoftKey[]): Frame {
  const taken = world.softKeyUris ? keys : keys.filter(({ url }) => !url.startsWith('SoftKey:'));
  return { title: `Finesse ${world.settings.name}`, prompt, keys: taken };
}
