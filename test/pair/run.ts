/** `npm run soak:pair -- --for 10m`. Exit code 0: all held. */

import { parseArgs } from 'node:util';
import { parseDuration } from '../../src/simulators/phone/duration.ts';
import { ANSWER_WITHIN_MS } from './checker.ts';
import { randomTroubles, runPair } from './pair.ts';

const { values } = parseArgs({
  options: {
    for: { type: 'string', default: '2m' },
    proxies: { type: 'string', default: '2' },
    phones: { type: 'string', default: '12' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    help: { type: 'boolean', default: false },
  },
});
const forMs = parseDuration(values.for);
const [proxies, phones, seed] = [Number(values.proxies), Number(values.phones), Number(values.seed)];
if (values.help || forMs === undefined || !(proxies >= 2) || !(phones >= 1) || !(seed >= 0)) {
  console.log('npm run soak:pair -- [--for 10m] [--proxies 2] [--phones 12] [--seed NUMBER]');
  process.exit(values.help ? 0 : 2);
}
console.log(`seed ${seed}`);
const report = await runPair({
  ...{ proxies, phones, seed, forMs, troubles: randomTroubles(seed, proxies) },
  progress: (line) => console.log(line),
});
const { problems, ...counts } = report;
console.log(
  `${counts.seconds} s, ${counts.episodes} failures of a server, ${counts.kills} proxies killed, ${counts.outages} outages with ${counts.signedIn} phones`,
);
console.log(
  `${counts.pages} pages, ${counts.pushes} pushes, ${counts.tokens} requests with a token, longest wait ${counts.longestWaitMs} ms (limit ${ANSWER_WITHIN_MS})`,
);
console.log(problems.length === 0 ? 'all held' : problems.map((problem) => `PROBLEM ${problem}`).join('\n'));
process.exitCode = problems.length === 0 ? 0 : 1;
