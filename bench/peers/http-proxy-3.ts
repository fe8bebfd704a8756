/**
 * http-proxy-3 as a reverse proxy with an agent that keeps connections to the server. It rewrites nothing. As it comes it
 * passes a phone's `Connection: close` on, and so opens a connection to the server for such a page; `tuned` keeps it from that.
 */

import { readFileSync } from 'node:fs';
import { Agent, createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createProxyServer } from 'http-proxy-3';

const [upstream, port, tlsPort, cert, key, how] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string?,
];
const tuned = how === 'tuned';
const proxy = createProxyServer({
  target: `http://127.0.0.1:${upstream}`,
  agent: new Agent({ keepAlive: true, maxSockets: 256 }),
  ...(tuned ? { headers: { connection: 'keep-alive' } } : {}),
});
if (tuned) {
  proxy.on('proxyRes', (answer) => {
    delete answer.headers.connection;
  });
}
const onRequest: Parameters<typeof createServer>[1] = (req, res) => {
  req.url = (req.url ?? '').slice('/a'.length);
  proxy.web(req, res, {}, () => res.destroy());
};
createServer(onRequest).listen(Number(port), '127.0.0.1');
createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, onRequest).listen(Number(tlsPort), '127.0.0.1');
