/** `npm run soak -- --for 10m`. Exit code 0: all held. */

import { parseArgs } from 'node:util';
import { parseDuration } from '../../src/simulators/phone/duration.ts';
import { ANSWER_WITHIN_MS } from './judges.ts';
import { LIMITS, runSoak, type SoakReport } from './soak.ts';

const { values } = parseArgs({
  options: {
    for: { type: 'string', default: '1m' },
    phones: { type: 'string', default: '500' },
    speed: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    help: { type: 'boolean', default: false },
  },
});
const forMs = parseDuration(values.for);
const [phones, speed, seed] = [Number(values.phones), Number(values.speed), Number(values.seed)];
if (values.help || forMs === undefined || !(phones >= 1) || !(speed >= 1) || !(seed >= 0)) {
  console.log('npm run soak -- [--for 10m] [--phones 500] [--speed 5] [--seed NUMBER]');
  process.exit(values.help ? 0 : 2);
}
console.log(`seed ${seed}`);
const report = await runSoak({ forMs, phones, speed, seed, progress: (line) => console.log(line) });
console.log(render(report));
process.exitCode = report.problems.length === 0 ? 0 : 1;

function render(soak: SoakReport): string {
  const { latencyMs, liveMiB, residentMiB, sockets } = soak;
  return [
    `${soak.phones} phones, ${soak.seconds} s, ${soak.episodes} faults (${soak.judged} judged), ${soak.outages} outages, ${soak.verdicts} verdicts, ${soak.steered} alternates chosen`,
    `${soak.answers} answers: p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms, longest ${latencyMs.max} ms (limit ${ANSWER_WITHIN_MS}; ${soak.lateByMachine} late while the machine stood still)`,
    `${soak.tokens} requests with a token of their own reached a server`,
    `memory in use ${liveMiB.first} → ${liveMiB.last} MiB (may rise by ${LIMITS.liveMiB}), resident ${residentMiB.first} → ${residentMiB.last} MiB (${LIMITS.residentMiB})`,
    `open sockets ${sockets.first} → ${sockets.last} (may rise by ${LIMITS.sockets}), without phones ${soak.socketsLeft} (at most ${LIMITS.socketsLeft})`,
    ...(soak.problems.length === 0 ? ['all held'] : soak.problems.map((problem) => `PROBLEM ${problem}`)),
  ].join('\n');
}
