/** The same job as it is written first: express, got, and xml2js to read and to write the page. */

import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import express from 'express';
import got from 'got';
import { Builder, parseStringPromise } from 'xml2js';
import { FINESSE_PORT, SERVERS } from '../fixture.ts';

const [upstream, port, tlsPort, cert, key] = process.argv.slice(2) as [string, string, string, string, string];
const client = got.extend({
  agent: { http: new Agent({ keepAlive: true, maxSockets: 256 }) },
  retry: { limit: 0 },
  followRedirect: false,
  throwHttpErrors: false,
});
const builder = new Builder();
const app = express();
app.get(/^\/a\/fippa\//, async (req, res) => {
  const answer = await client(`http://127.0.0.1:${upstream}${req.url.slice('/a'.length)}`);
  const page: unknown = await parseStringPromise(answer.body);
  const origin = `${req.protocol}://${req.headers.host}/a`;
  res.set('Content-Type', 'text/xml; charset=utf-8').send(builder.buildObject(rewrite(page, origin) as object));
});

function rewrite(value: unknown, origin: string): unknown {
  if (typeof value === 'string') return value.replace(`http://${SERVERS.a}:${FINESSE_PORT}`, origin);
  if (Array.isArray(value)) return value.map((each) => rewrite(each, origin));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, rewrite(each, origin)]));
}

app.listen(Number(port), '127.0.0.1');
createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, app).listen(Number(tlsPort), '127.0.0.1');
