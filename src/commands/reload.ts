/** Loads a changed configuration while the proxy runs: on SIGHUP, and when the file changes if that is configured. */

import type { Config } from '../config/config.ts';
import { type ConfigChange, diffConfig } from '../config/diff.ts';
import { type ConfigProblem, renderProblems } from '../config/load.ts';
import type { Report } from '../domain/events.ts';
import type { PageTemplates } from '../pages/templates.ts';
import type { Clock } from '../time/clock.ts';
import { type Configuration, loadConfiguration } from './configuration.ts';

export interface ReloaderOptions {
  readonly file: string;
  /** What the proxy was started with. */
  readonly initial: Config;
  readonly apply: (config: Config, templates: PageTemplates) => void;
  readonly report: Report;
  readonly clock: Clock;
  readonly load?: (file: string) => Promise<Configuration>;
}

export interface Reloader {
  /** Reads the file and loads it if nothing is wrong with it. Never rejects; one at a time, the last one asked for wins. */
  reload(why: string): Promise<void>;
  /** What the last reload left undone, for `/health`; empty: nothing. */
  problems(): readonly string[];
}

export function createReloader(options: ReloaderOptions): Reloader {
  const { file, initial, apply, report, clock, load = loadConfiguration } = options;
  let current = initial;
  let last: Promise<void> = Promise.resolve();
  let refused: string | null = null;
  let restartKeys: readonly string[] = [];

  const reload = async (why: string): Promise<void> => {
    report({ kind: 'reloading', at: clock.now(), file, why });
    const loaded = await load(file);
    if (!loaded.ok) return refuse(loaded.problems);
    for (const { key, message } of loaded.warnings) {
      report({ kind: 'configuration-warning', at: clock.now(), key, problem: message });
    }
    const changed = diffConfig(current, loaded.config).filter(({ needsRestart }) => !needsRestart);
    // Since the start, not since the last reload: it is still to be done, unless the file went back to what it was.
    const waiting = diffConfig(initial, loaded.config).filter(({ needsRestart }) => needsRestart);
    apply(loaded.config, loaded.templates);
    current = loaded.config;
    refused = null;
    restartKeys = [...new Set(waiting.map(({ key }) => key))];
    announce(changed, waiting);
  };

  const refuse = (problems: readonly ConfigProblem[]) => {
    const at = clock.now();
    for (const { file: where, line, key, message } of problems) {
      report({ kind: 'reload-problem', at, file: where, line, key, problem: message });
    }
    report({ kind: 'reload-refused', at, file });
    const [first = '', ...others] = problems.map((problem) => renderProblems([problem]).trimEnd());
    const more = others.length === 0 ? '' : ` (and ${others.length} more, see reload-refused in the log)`;
    refused = `the last reload was refused, and nothing has changed: ${first}${more}`;
  };

  const announce = (changed: readonly ConfigChange[], waiting: readonly ConfigChange[]) => {
    const at = clock.now();
    for (const { key, words } of changed) report({ kind: 'configuration-changed', at, key, change: words });
    for (const { key, words } of waiting) report({ kind: 'restart-needed', at, key, change: words });
    report({ kind: 'reloaded', at, changes: changed.length, restartNeeded: waiting.length });
  };

  const fault = (error: unknown) => {
    report({ kind: 'reload-fault', at: clock.now(), error });
    refused = 'the last reload failed by a fault of the proxy itself: see reload-fault in the log';
  };

  return {
    reload(why) {
      // A fault of the proxy itself must not end it: it serves phones by the configuration it has.
      last = last.then(() => reload(why)).catch(fault);
      return last;
    },
    problems: () => [
      ...(refused === null ? [] : [refused]),
      ...(restartKeys.length === 0 ? [] : [`a restart is needed before these changes hold: ${restartKeys.join(', ')}`]),
    ],
  };
}
