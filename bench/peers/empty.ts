/** The least that node:http can do: an empty answer. */

import { createServer } from 'node:http';

createServer((_req, res) => res.end()).listen(Number(process.argv[2]), '127.0.0.1');
