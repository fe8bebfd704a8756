/**
 * http-proxy-3 as a reverse proxy at its best: with connections to the server that are kept also where phones keep none (left
 * alone it passes their `Connection: close` on). It rewrites nothing.
 */

import { readFileSync } from 'node:fs';
import { Agent, createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createProxyServer } from 'http-proxy-3';

const [upstream, port, tlsPort, cert, key] = process.argv.slice(2) as [string, string, string, string, string];
const proxy = createProxyServer({
  target: `http://127.0.0.1:${upstream}`,
  agent: new Agent({ keepAlive: true, maxSockets: 256 }),
  headers: { connection: 'keep-alive' },
});
proxy.on('proxyRes', (answer) => {
  delete answer.headers.connection;
});
const onRequest: Parameters<typeof createServer>[1] = (req, res) => {
  req.url = (req.url ?? '').slice('/a'.length);
  proxy.web(req, res, {}, () => res.destroy());
};
createServer(onRequest).listen(Number(port), '127.0.0.1');
createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, onRequest).listen(Number(tlsPort), '127.0.0.1');
