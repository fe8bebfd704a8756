/**
 * Requests of tests to the ops port, whose every answer must be as `/openapi.json` says: an answer that the document does not
 * know, or that has another form, fails the test.
 */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import supertest from 'supertest';
import { renderOpenApi } from '../../src/ops/openapi.ts';

interface Responses {
  readonly [status: string]: { readonly content?: Readonly<Record<string, { readonly schema: object }>> };
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: Responses }>>>>;
  readonly components: { readonly schemas: object };
}

export const openApi = renderOpenApi('0.0.0-test') as Document;

// The components are the only part of the document that is a schema.
const ajv = new Ajv2020({ strict: true, allErrors: true });
addFormats.default(ajv);
ajv.addVocabulary(['components']);
const compiled = new Map<string, ValidateFunction>();

/** Whether data fits a schema of the document. */
export function checkSchema(schema: object, data: unknown, what: string): void {
  const key = JSON.stringify(schema);
  const validate = compiled.get(key) ?? ajv.compile({ ...schema, components: openApi.components });
  compiled.set(key, validate);
  if (!validate(data)) throw new Error(`${what} is not as documented: ${ajv.errorsText(validate.errors)}`);
}

/** `get /outages/{id} 200`, each once it was seen. */
export const seen = new Set<string>();

interface Answered {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Throws when the document knows no such answer. */
export function checkAnswer(method: string, url: string, { status, type, text }: Answered): void {
  const what = `${method} ${url} ${status}`;
  const asked = new URL(url, 'http://ops').pathname;
  const path = Object.keys(openApi.paths).find((each) => toPattern(each).test(asked));
  const operation = openApi.paths[path ?? '']?.[method === 'head' ? 'get' : method];
  // What is no path or method of this port is refused as such, or for its Host before anybody looks.
  const isRefusal = path === undefined ? [404, 403, 400].includes(status) : [405, 403].includes(status);
  if (operation === undefined && !isRefusal) throw new Error(`${what} is not documented`);
  const response = operation?.responses[status] ?? (status === 500 || isRefusal ? ERROR : undefined);
  if (response === undefined) throw new Error(`${what}: the status is not documented`);
  if (operation !== undefined) seen.add(`${method} ${path} ${status}`);
  const [[wanted, { schema }] = ['', { schema: {} }]] = Object.entries(response.content ?? {});
  if (method === 'head') return;
  if (type !== wanted) throw new Error(`${what} is ${type || 'nothing'}, documented is ${wanted || 'nothing'}`);
  if (type === 'application/json') checkSchema(schema, JSON.parse(text), what);
  else if (type === '' && text !== '') throw new Error(`${what} has a body`);
}

const ERROR = { content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } };

function toPattern(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/[.]/g, '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`);
}

type Verb = 'get' | 'head' | 'post' | 'put' | 'delete' | 'options';
type Requests = Readonly<Record<Verb, (path: string) => supertest.Test>>;

/** As supertest's own. */
export function request(origin: string): Requests {
  const agent = supertest(origin);
  const ask = (method: Verb) => (path: string) =>
    agent[method](path).expect(({ status, type, text }) => {
      checkAnswer(method, path, { status, type, text: text ?? '' });
    });
  return {
    ...{ get: ask('get'), head: ask('head'), post: ask('post') },
    ...{ put: ask('put'), delete: ask('delete'), options: ask('options') },
  };
}

/** As fetch. */
export async function checkedFetch(url: string, init: RequestInit = {}): Promise<Response> {
  const answer = await fetch(url, init);
  const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
  const { pathname, search } = new URL(url);
  const text = await answer.clone().text();
  checkAnswer((init.method ?? 'GET').toLowerCase(), pathname + search, { status: answer.status, type, text });
  return answer;
}
