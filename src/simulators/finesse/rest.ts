/** As much of the REST API as tests need: SystemInfo, and an agent who reads and changes their own state. */

import type { Agent, Agents } from './agents.ts';
import { type Answer, errorAnswer, unauthorizedAnswer, xmlAnswer } from './answer.ts';
import type { Settings } from './options.ts';
import { type Condition, type Ports, systemInfo } from './system-info.ts';
import { group, leaf, parseXml, type XmlElement, XmlError } from './xml.ts';

export interface RestRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

export interface RestWorld {
  readonly settings: Settings;
  readonly agents: Agents;
  readonly condition: Condition;
  readonly ports: Ports;
}

export function answerRest(world: RestWorld, request: RestRequest): Answer {
  const { settings, condition } = world;
  if (request.path === '/finesse/api/SystemInfo') {
    if (request.method !== 'GET') return errorAnswer(405, 'Method Not Allowed', 'HTTP_METHOD_NOT_ALLOWED');
    if (settings.secureSystemInfo !== false && !mayRead(world, request.authorization)) return unauthorizedAnswer(401);
    return xmlAnswer(200, systemInfo(settings, condition, world.ports));
  }
  // Only SystemInfo answers while out of service (finesse-health.md §2).
  if (!condition.inService) return errorAnswer(503, 'Service Unavailable', 'SERVER_OUT_OF_SERVICE');
  const id = /^\/finesse\/api\/User\/([^/]+)$/.exec(request.path)?.[1];
  if (id === undefined) return errorAnswer(404, 'Not Found', 'RESOURCE_NOT_FOUND');
  const credentials = basic(request.authorization);
  const agent = credentials === null ? null : world.agents.authenticate(credentials.user, credentials.password);
  if (credentials === null || agent === null) return unauthorizedAnswer(401);
  if (agent.id !== id) return errorAnswer(403, 'Forbidden', 'USER_NOT_AUTHORIZED');
  if (request.method === 'GET') return xmlAnswer(200, user(agent));
  if (request.method === 'PUT') return putUser(world, agent, credentials.password, request.body);
  return errorAnswer(405, 'Method Not Allowed', 'HTTP_METHOD_NOT_ALLOWED');
}

function putUser(world: RestWorld, agent: Agent, password: string, body: string): Answer {
  let root: XmlElement;
  try {
    root = parseXml(body);
  } catch (problem) {
    if (problem instanceof XmlError) return errorAnswer(400, 'Bad Request', 'INVALID_XML');
    throw problem;
  }
  const value = (name: string) => root.children.find((child) => child.name === name)?.text.trim() ?? null;
  if (root.name !== 'User') return errorAnswer(400, 'Bad Request', 'INVALID_XML');
  const state = value('state');
  const accepted: Answer = { status: 202, headers: {}, body: Buffer.alloc(0) };
  switch (state) {
    case 'LOGIN': {
      const result = world.agents.signIn(null, agent.id, password, value('extension') ?? '', 'rest');
      return result === 'ok' ? accepted : errorAnswer(400, 'Invalid Input', result.toUpperCase().replaceAll('-', '_'));
    }
    case 'READY':
    case 'NOT_READY':
    case 'WORK':
      if (agent.state === 'LOGOUT') return errorAnswer(400, 'Invalid State', 'AGENT_LOGGED_OUT');
      world.agents.change(agent, state, value('reasonCodeId'), 'rest');
      return accepted;
    case 'LOGOUT':
      world.agents.signOut(agent, value('reasonCodeId'), 'rest');
      return accepted;
    default:
      return errorAnswer(400, 'Invalid Input', 'INVALID_STATE', 'state');
  }
}

function user(agent: Agent): string {
  const [first = '', ...last] = agent.name.split(' ');
  return group('User', [
    leaf('dialogs', `/finesse/api/User/${agent.id}/Dialogs`),
    leaf('extension', agent.extension ?? ''),
    leaf('firstName', first),
    leaf('lastName', last.join(' ')),
    leaf('loginId', agent.id),
    leaf('loginName', agent.id),
    leaf('pendingState', agent.pending ?? ''),
    leaf('reasonCodeId', agent.reason ?? ''),
    group('roles', [leaf('role', 'Agent')]),
    leaf('state', agent.state),
    leaf('stateChangeTime', new Date(agent.since).toISOString()),
    leaf('uri', `/finesse/api/User/${agent.id}`),
  ]);
}

function mayRead(world: RestWorld, authorization: string | undefined): boolean {
  const credentials = basic(authorization);
  if (credentials === null) return false;
  const wanted = world.settings.secureSystemInfo;
  if (typeof wanted === 'object')
    return wanted.username === credentials.user && wanted.password === credentials.password;
  return world.agents.authenticate(credentials.user, credentials.password) !== null;
}

function basic(authorization: string | undefined): { user: string; password: string } | null {
  const encoded = /^Basic\s+([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return null;
  const [, user, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? [];
  return user === undefined || password === undefined ? null : { user, password };
}
