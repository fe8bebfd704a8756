/** Loaded before the proxy by serve.test.ts: whoever looks up where to listen waits for ever, as for a name server that is silent. */

import { Server } from 'node:net';

Server.prototype.listen = function listenNever(): Server {
  process.stdout.write('{"event":"hanging"}\n');
  setInterval(() => {}, 1000);
  return this;
};
