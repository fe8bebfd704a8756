import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type LoadResult, loadConfig, renderProblems } from '../../src/config/load.ts';
import { change, load, problemsOf, VALID, writeFiles } from './config-files.ts';

const places = (problems: Awaited<ReturnType<typeof problemsOf>>) =>
  problems.map(({ line, key, found }) => ({ line, key, found }));

test('an empty file lacks what is required', async () => {
  const expected = [
    { line: 1, key: 'phones', found: 'nothing' },
    { line: 1, key: 'clusters', found: 'nothing' },
  ];
  for (const text of ['', '\n\n', '# nothing but a comment\n', '---\n', '\uFEFF']) {
    expect(places(await problemsOf(text))).toMatchObject(expected.map(({ key, found }) => ({ key, found })));
  }
});

test('a list, and a text that may be a secret', async () => {
  expect(places(await problemsOf('- a\n- b\n'))).toEqual([{ line: 1, key: '', found: 'a list' }]);
  expect(places(await problemsOf('hunter2'))).toEqual([{ line: 1, key: '', found: 'a value that is not printed' }]);
});

test('missing file, folder', async () => {
  const folder = writeFiles({});
  expect(await loadConfig(join(folder, 'none.yaml'))).toMatchObject({
    ok: false,
    problems: [{ line: null, found: 'a file which does not exist' }],
  });
  mkdirSync(join(folder, 'folder.yaml'));
  expect(await loadConfig(join(folder, 'folder.yaml'))).toMatchObject({
    ok: false,
    problems: [{ line: null, found: 'a file which is a folder' }],
  });
});

test('bytes that are no text', async () => {
  const bytes = (text: string) => Buffer.from(text, 'latin1');
  expect(places(await problemsOf(bytes('phones:\n  x: \xfc\n')))).toEqual([
    { line: 2, key: '', found: 'bytes that are not UTF-8' },
  ]);
  expect(places(await problemsOf(bytes('\xff\xfep\0h\0')))).toEqual([{ line: 1, key: '', found: 'text in UTF-16' }]);
  expect(places(await problemsOf(bytes('\x7fELF\0\0')))).toEqual([{ line: null, key: '', found: 'binary data' }]);
  expect(places(await problemsOf(bytes('phones:\n\x1b[31m')))).toEqual([
    { line: 2, key: '', found: 'the control character 0x1b' },
  ]);
  expect(places(await problemsOf('# '.repeat(600_000)))).toMatchObject([{ found: 'more than 1048576 bytes' }]);
});

test('a byte order mark and Windows line ends are fine', async () => {
  expect(await load(`\uFEFF${VALID.replaceAll('\n', '\r\n')}`)).toMatchObject({ ok: true });
});

test('a duplicate key, with the rest checked', async () => {
  const text = change('  listeners:', '  answerWithin: 1s\n  answerWithin: 99s\n  listeners:');
  expect(places(await problemsOf(text))).toEqual([
    { line: 3, key: 'phones.answerWithin', found: 'a key that this mapping already has' },
    { line: 3, key: 'phones.answerWithin', found: '"99s"' },
  ]);
});

test('broken syntax: what stands above it is checked, what follows is not guessed at', async () => {
  const text = 'ops: { port: x }\nphones:\n\tlisteners: 1\nclusters: [\nreconnect: 5\n';
  const found = places(await problemsOf(text));
  expect(found[0]).toEqual({ line: 1, key: 'ops.port', found: '"x"' });
  expect(found[1]).toEqual({ line: 3, key: '', found: 'a tab used for indentation' });
  expect(found.map(({ key }) => key).filter((key) => key !== '')).toEqual(['ops.port']);
});

test.each([
  ['phones: [\n', 2, 'wrong indentation'],
  ['phones: [\nclusters: 3\n', 2, 'wrong indentation'],
  ['phones:\n  listeners: [\n    { host: x }\nclusters: 3\n', 4, 'wrong indentation'],
  ['phones: { listeners: [ { port: x }\nclusters: 3\n', 2, 'wrong indentation'],
  ['phones: "\nclusters: 3\n', 3, 'a missing character'],
])('what is not closed is one problem: %j', async (text, line, found) => {
  expect(places(await problemsOf(`ops: { port: x }\n${text}`))).toEqual([
    { line: 1, key: 'ops.port', found: '"x"' },
    { line: line + 1, key: '', found },
  ]);
});

test('aliases without an anchor, tags and second documents are named, each on its line', async () => {
  expect(places(await problemsOf('ops: { port: x }\nphones: !foo\n  listeners: *nope\n---\nx: 1\n'))).toEqual([
    { line: 1, key: 'ops.port', found: '"x"' },
    { line: 2, key: '', found: 'a tag (!) that is not known here' },
    { line: 3, key: '', found: 'an alias without its anchor' },
    { line: 4, key: '', found: 'a second document (---)' },
  ]);
});

test('anchors work', async () => {
  const anchor = change('a.example.com:8445" }', 'a.example.com:8445", probe: &slow { interval: 60s } }');
  const result = await load(change('b.example.com:8445" }', 'b.example.com:8445", probe: *slow }', anchor));
  expect(result).toMatchObject({
    ok: true,
    config: { clusters: [{ services: [{}, { probe: { intervalMs: 60_000 } }] }] },
  });
});

test('keys that objects have by nature are unknown keys like any other', async () => {
  const keys = (await problemsOf(`${VALID}__proto__: 1\nconstructor: 2\ntoString: {}\n`)).map(({ line, key }) => [
    line,
    key,
  ]);
  expect(keys).toEqual([
    [9, '__proto__'],
    [10, 'constructor'],
    [11, 'toString'],
  ]);
});

test('B835 of a secret that is neither text nor one reference the message says what is wrong with it', async () => {
  const text = (token: string) => `${VALID}ops: { token: ${token} }\n`;
  const files = { f: 'hunter2-canary' };
  const found = async (token: string) => {
    const problems = await problemsOf(text(token), files, { env: { NAME: 'hunter2-canary' } });
    expect(problems.map(({ line, key }) => ({ line, key }))).toEqual([{ line: 9, key: 'ops.token' }]);
    expect(renderProblems(problems)).not.toContain('hunter2-canary');
    return problems[0]?.message;
  };
  const allowed = 'text in quotes, { env: NAME } or { file: PATH }';
  const both = `found both env and file; allowed: one of them alone: ${allowed}`;
  expect(await found('{ env: NAME, file: f }')).toBe(both);
  expect(await found('{ file: none, env: UNSET }')).toBe(both);
  expect(await found('{}')).toBe(`found a mapping with neither env nor file; allowed: ${allowed}`);
  expect(await found('{ env: }')).toBe(`found env without the name of a variable; allowed: ${allowed}`);
  expect(await found('{ file: 7 }')).toBe(`found file without the path of a file; allowed: ${allowed}`);
  expect(await found('{ hunter2-canary: }')).toBe(`found a key that is not printed; allowed: ${allowed}`);
  expect(await found('[hunter2-canary]')).toBe(`found a list; allowed: ${allowed}`);
});

const BOTH = '{ env: NAME, file: f }';
test.each([
  ['store.redis.password', `store: { redis: { url: "redis://localhost", username: u, password: ${BOTH} } }`],
  ['push.password', `push: { username: u, password: ${BOTH} }`],
  ['webhooks[0].url', `webhooks: [{ name: a, format: slack, url: ${BOTH} }]`],
  ['webhooks[0].secret', `webhooks: [{ name: a, url: "https://a.example.com", secret: ${BOTH} }]`],
  ['webhooks[0].headers[0].value', `webhooks: [{ name: a, headers: [{ name: X, value: ${BOTH} }] }]`],
])('B835 both env and file of %s', async (key, text) => {
  const problems = await problemsOf(`${VALID}${text}\n`, { f: 'x' }, { env: { NAME: 'x' } });
  expect(problems.filter((problem) => problem.key === key)).toMatchObject([{ found: 'both env and file' }]);
});

test('no secret in any message, wherever it was put', async () => {
  const secret = 'hunter2-canary';
  const texts = [
    `${VALID}ops: { token: [${secret}] }\n`,
    `${VALID}ops: { token: { evn: ${secret} } }\n`,
    `${VALID}ops: { tokn: ${secret} }\n`,
    `${VALID}ops: { token: "${secret}\n`,
    `${VALID}ops: { token: *${secret} }\n`,
    `${VALID}ops: { token: ${secret}: x }\n`,
    `${VALID}ops:\n  token: !!int ${secret}\n`,
    `${VALID}ops: { token: "${secret}\\e" }\n`,
    change('https://finesse-a', `https://u:${secret}@finesse-a`),
    change('https://finesse-a', `https://u:${secret}/@finesse-a`),
    change('a.example.com:8445', `a.example.com:8445/?password=${secret}`),
    change('name: Finesse A', `name: Finesse A, password: ${secret}`),
    secret,
  ];
  for (const text of texts) expect(renderProblems(await problemsOf(text))).not.toContain(secret);
});

/** Whatever it is, the answer is a result, and its text is fit for a terminal. */
function judge(result: LoadResult): void {
  if (result.ok) return;
  expect(result.problems.length).toBeGreaterThan(0);
  const text = renderProblems(result.problems);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]|\n {4}at /);
  expect(text.split('\n').length).toBe(result.problems.length + 1);
}

test('random bytes never throw', async () => {
  const file = join(writeFiles({}), 'any.yaml');
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.string({ unit: 'binary', maxLength: 300 }).map((s) => Buffer.from(s)),
  );
  await fc.assert(
    fc.asyncProperty(bytes, async (content) => {
      writeFileSync(file, content);
      judge(await loadConfig(file, { env: {} }));
    }),
    { numRuns: 300 },
  );
});

const KEYS = [
  ...[
    'phones',
    'listeners',
    'host',
    'port',
    'publicUrl',
    'tls',
    'cert',
    'key',
    'service',
    'ops',
    'token',
    'env',
    'file',
  ],
  ...['clusters', 'services', 'id', 'name', 'url', 'aliases', 'probe', 'interval', 'timeout', 'ca', 'fingerprints'],
  ...['reconnect', 'pages', 'folder', 'languages', 'state', 'log', 'networks', '__proto__', 'x y', ''],
];
const leaf = fc.oneof(
  fc.constantFrom('127.0.0.1', '::1', 'http://x', 'https://y:1', '5s', '.', '/dev/null', 'a', 'fippa', '\0', '[::'),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 6, depthSize: 'large' },
    leaf,
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie('tree'), { maxKeys: 8 }),
  ),
}));

/** The skeleton is always there, so that the rules below it are reached. */
const skeleton = fc.record({
  phones: fc.record({
    listeners: fc.array(fc.dictionary(fc.constantFrom(...KEYS.slice(2, 9)), tree), { maxLength: 3 }),
  }),
  clusters: fc.array(
    fc.record({
      id: tree,
      services: fc.array(fc.dictionary(fc.constantFrom(...KEYS.slice(15, 24)), tree), { maxLength: 3 }),
    }),
    { maxLength: 3 },
  ),
  ops: tree,
});

test('random YAML never throws', async () => {
  const file = join(writeFiles({}), 'any.yaml');
  await fc.assert(
    fc.asyncProperty(fc.oneof(tree, skeleton), fc.nat(), async (value, cut) => {
      const text = stringify(value);
      writeFileSync(file, cut % 4 === 0 ? text.slice(0, cut % text.length) : text);
      judge(await loadConfig(file, { env: {} }));
    }),
    {
      numRuns: Number(process.env.FUZZ_RUNS ?? 300),
      examples: [
        // The ids that a listener's service may be were shown as they are, control characters included.
        [{ phones: { listeners: [{ service: '' }] }, clusters: [{ services: [{ id: '\0' }] }] }, 1],
      ],
    },
  );
}, 300_000);

test('deep nesting is refused, not overflowed', async () => {
  for (const text of ['['.repeat(50_000), '{a: '.repeat(3000), `${'- '.repeat(20_000)}x`]) {
    judge(await load(text));
  }
});
