/** `serve`: runs the proxy until it is told to stop. */

import { type App, createApp } from '../app.ts';
import { renderProblems } from '../config/load.ts';
import type { Report } from '../domain/events.ts';
import { createFileWatch } from '../files/file-watch.ts';
import { createLog } from '../ops/log.ts';
import { createSyslog } from '../syslog/syslog.ts';
import { takeNotify } from '../systemd/notify.ts';
import { createSystemdReport } from '../systemd/report.ts';
import { systemClock as clock } from '../time/clock.ts';
import { loadConfiguration } from './configuration.ts';
import type { Output } from './output.ts';
import { createReloader, type Reloader } from './reload.ts';

/** Exit code 2 for a wrong configuration, 1 when a port cannot be had or a second signal cut it short, 0 after an orderly stop. */
export async function runServe(file: string, version: string, output: Output): Promise<number> {
  // From the first moment: unheard it would end the process.
  let hangUp = () => {};
  let early = false;
  process.on('SIGHUP', () => {
    early = true;
    hangUp();
  });
  const watch = createFileWatch({ files: [file], clock, onChange: () => void reload('file') });
  await watch.begin();
  const loaded = await loadConfiguration(file);
  if (!loaded.ok) {
    output.stderr(renderProblems(loaded.problems));
    return 2;
  }
  const log = createLog(loaded.config.log);
  const syslog = createSyslog({ config: loaded.config.log.syslog, clock, report: (event) => app.report(event) });
  log.copyTo(syslog.write);
  let config = loaded.config;
  const notify = takeNotify(process.env, (error) => app.report({ kind: 'systemd-not-told', at: clock.now(), error }));
  const systemd = createSystemdReport(notify, clock);
  const app: App = systemd.reported(
    createApp(config, log, version, {
      templates: loaded.templates,
      moreProblems: () => [...reloader.problems(), ...syslog.problems()],
      syslog: syslog.status,
    }),
  );
  for (const { key, message } of loaded.warnings) {
    app.report({ kind: 'configuration-warning', at: clock.now(), key, problem: message });
  }
  const reloader: Reloader = createReloader({
    file,
    initial: config,
    report: app.report,
    clock,
    apply(next, templates) {
      app.apply(next, templates);
      log.setLevel(next.log.level);
      syslog.reconfigure(next.log.syslog);
      if (next.reload.watch !== config.reload.watch) watch.set(next.reload.watch);
      config = next;
    },
  });
  syslog.begin();
  const reload = (why: string) => systemd.reloading(() => reloader.reload(why));
  const code = await runApp(app, output, () => {
    hangUp = () => void reload('SIGHUP');
    if (early) hangUp();
    watch.set(config.reload.watch);
  });
  hangUp = () => {};
  watch.set(false);
  await syslog.stop(SYSLOG_STOP_MS);
  return code;
}

/**
 * Starts the proxy, waits for SIGTERM or SIGINT, stops it. `started` is told once phones can connect. The process has to end
 * when this returns: what hangs after that is given up.
 */
export async function runApp(app: App, output: Output, started: () => void = () => {}): Promise<number> {
  const { report } = app;
  const signals = hearStopSignals();
  const isSecond = signals.second.then(() => true);
  reportCrash(report);
  try {
    const start = app.start().then(() => false);
    // What hangs at the start, a folder on a network say, is not waited for.
    if (await Promise.race([start, isSecond])) return end(report, false);
  } catch (error) {
    output.stderr(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
  started();
  reportPorts(app);
  void app.ready.then((services) => report({ kind: 'ready', at: clock.now(), services, pid: process.pid }));
  const signal = await signals.first;
  report({ kind: 'stopping', at: clock.now(), signal });
  const stopped = app.stop().then(() => false);
  return end(report, !(await Promise.race([stopped, isSecond])));
}

function end(report: Report, inTime: boolean): number {
  report({ kind: 'stopped', at: clock.now(), inTime });
  // The process ends by itself, its log written, when nothing is left to do. What holds it longer is given up.
  setTimeout(() => process.exit(), LINGER_MS).unref();
  return inTime ? 0 : 1;
}

const LINGER_MS = 250;
/** Of that, what the last lines of the log may take. */
const SYSLOG_STOP_MS = 150;
/** At Ctrl-C under `npm start` both the terminal and npm send a SIGINT. */
const SAME_KEY_MS = 500;

function reportPorts({ report, ...app }: App): void {
  const ports = [
    ...app.addresses().map((port) => ({ for: 'phones', ...port }) as const),
    ...app.pushAddresses().map((port) => ({ for: 'pushes', ...port }) as const),
    ...app.reportAddresses().map((port) => ({ for: 'reports', ...port }) as const),
    { for: 'operators', ...app.opsAddress() } as const,
  ];
  for (const { for: what, address, port } of ports) {
    report({ kind: 'listening', at: clock.now(), for: what, address, port });
  }
}

/** A fault that nothing caught ends the process, as it would anyway; but Node prints the error with all that it holds. */
function reportCrash(report: Report): void {
  process.once('uncaughtException', (error) => {
    report({ kind: 'crashed', at: clock.now(), error });
    setTimeout(() => process.exit(1), LINGER_MS);
  });
}

interface StopSignals {
  readonly first: Promise<NodeJS.Signals>;
  /** The next one that counts. */
  readonly second: Promise<NodeJS.Signals>;
}

/** Both from one pair of listeners: between two pairs a signal would be lost, or end the process by itself. */
function hearStopSignals(): StopSignals {
  const first = Promise.withResolvers<NodeJS.Signals>();
  const second = Promise.withResolvers<NodeJS.Signals>();
  let begun: { readonly by: NodeJS.Signals; readonly at: number } | null = null;
  const hear = (signal: NodeJS.Signals) => {
    const at = performance.now();
    if (begun === null) {
      begun = { by: signal, at };
      first.resolve(signal);
    } else if (begun.by !== 'SIGINT' || signal !== 'SIGINT' || at - begun.at > SAME_KEY_MS) second.resolve(signal);
  };
  process.on('SIGTERM', hear).on('SIGINT', hear);
  return { first: first.promise, second: second.promise };
}
