/**
 * `npm run bench`: everything that docs/performance.md states, measured in one run on loopback. Prints tables and whether each
 * target holds, and writes bench/last-result.json. Options: `--quick` (fewer rounds, a smaller outage; writes nothing),
 * `--only relay,own-page,outage,processes,memory,start,console`, `--rounds N`. Linux only: CPU time and memory are read from /proc.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startAsked } from './child.ts';
import { measureConsole, renderConsole } from './console.ts';
import { type Contestant, makeCertificate, type Name, type Setting, startContestant, version } from './contestants.ts';
import type { LoadJob } from './load.ts';
import { measureMemory } from './memory.ts';
import { measureOutage } from './outage.ts';
import { measureOwnPage } from './own-page.ts';
import { measureProcesses } from './processes.ts';
import { measurePaced, measureRelay, SCENARIOS, type Scenario } from './relay.ts';
import {
  renderMemory,
  renderOutage,
  renderOwnPage,
  renderPaced,
  renderProcesses,
  renderRelay,
  renderStart,
  renderVerdicts,
} from './report.ts';
import { measureStart } from './start-time.ts';
import { judge } from './targets.ts';
import type { UpstreamOrder } from './upstream.ts';

const SECTIONS = ['relay', 'own-page', 'outage', 'processes', 'memory', 'start', 'console'] as const;
const NAMES: readonly Name[] = ['proxy', 'http-proxy-3', 'http-proxy-3, tuned', 'express', 'nginx', 'haproxy'];

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: SECTIONS.join(',') },
    rounds: { type: 'string' },
    names: { type: 'string', default: NAMES.join(';') },
    scenarios: { type: 'string', default: SCENARIOS.join(',') },
  },
});
const { quick } = values;
// Many short rounds: a ratio is that of neighbours in time.
const rounds = Number(values.rounds ?? (quick ? 4 : 8));
const scale = quick ? 0.3 : 0.5;
const chosen = (section: (typeof SECTIONS)[number]) => values.only.split(',').includes(section);
const names = NAMES.filter((name) => values.names.split(';').includes(name));
const scenarios = SCENARIOS.filter((scenario): scenario is Scenario => values.scenarios.split(',').includes(scenario));
const tell = (text: string) => console.error(`${new Date().toTimeString().slice(0, 8)} ${text}`);
const show = (text: string) => console.log(`\n${text}`);

process.setMaxListeners(0);
const folder = mkdtempSync(join(tmpdir(), 'ippa-bench-'));
const upstream = await startAsked<UpstreamOrder>('./upstream.ts');
const load = await startAsked<LoadJob>('./load.ts');
const setting: Setting = { folder, upstreams: upstream.hello as [number, number], ...makeCertificate(folder) };

const relay = chosen('relay') ? await runRelay() : null;
const ownPage = chosen('own-page') ? await measureOwnPage(load, folder, rounds, scale) : null;
if (ownPage !== null) show(renderOwnPage(ownPage));
const size = quick ? { phones: 2_000, wave: 500, choices: 500 } : { phones: 10_000, wave: 2_000, choices: 2_000 };
const outage = chosen('outage') ? await measureOutage(load, upstream, folder, size) : null;
if (outage !== null) show(renderOutage(outage));
const processes = chosen('processes')
  ? await measureProcesses(load, upstream, setting, { rounds, scale, wave: quick ? 500 : 2_000 })
  : null;
if (processes !== null) show(renderProcesses(processes));
const memory = chosen('memory')
  ? await measureMemory(
      load,
      setting,
      names.filter((name) => name !== 'http-proxy-3, tuned'),
    )
  : null;
if (memory !== null) show(renderMemory(memory));
const startMs = chosen('start') ? await measureStart(upstream, folder, quick ? 3 : 5) : null;
if (startMs !== null) show(renderStart(startMs));
const consoles = chosen('console') ? await measureConsole(load, setting, { rounds, scale }) : null;
if (consoles !== null) show(renderConsole(consoles));

const results = {
  ...(relay === null ? {} : relay),
  ...(ownPage === null ? {} : { ownPage }),
  ...(outage === null ? {} : { outage }),
  ...(processes === null ? {} : { processes }),
  ...(memory === null ? {} : { memory }),
  ...(startMs === null ? {} : { startMs }),
  ...(consoles === null ? {} : { consoles }),
};
const verdicts = judge(results);
show(renderVerdicts(verdicts));
load.stop();
upstream.stop();
rmSync(folder, { recursive: true });
// Only a whole run is worth keeping.
if (!quick && SECTIONS.every(chosen) && names.length === NAMES.length) {
  const file = fileURLToPath(new URL('last-result.json', import.meta.url));
  writeFileSync(file, `${JSON.stringify({ ...describeMachine(), rounds, verdicts, ...results }, null, 2)}\n`);
  // It is committed, and the test command looks at how all files are laid out.
  const biome = fileURLToPath(new URL('../node_modules/.bin/biome', import.meta.url));
  spawnSync(biome, ['format', '--write', file]);
  tell(`written: ${file}`);
}

async function runRelay() {
  const contestants: Contestant[] = [];
  for (const name of names) {
    const contestant = await startContestant(name, setting);
    if (contestant === null) tell(`${name} is not installed and is left out`);
    else contestants.push(contestant);
  }
  const measured = await measureRelay(load, contestants, { rounds, scale, scenarios, tell });
  const paced = await measurePaced(load, contestants, quick ? 3 : 10);
  await Promise.all(contestants.map((contestant) => contestant.stop()));
  show(renderRelay(measured));
  show(renderPaced(paced));
  return { relay: measured, paced };
}

function describeMachine() {
  const [cpu] = cpus();
  return {
    at: new Date().toISOString(),
    machine: `${cpus().length} × ${cpu?.model.trim()}, ${process.platform} ${process.arch}`,
    node: process.versions.node,
    openssl: process.versions.openssl,
    versions: Object.fromEntries(names.map((name) => [name, version(name)])),
  };
}
