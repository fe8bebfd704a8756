/** `serve`: runs the proxy until it is told to stop. */

import { createApp } from '../app.ts';
import type { Config } from '../config/config.ts';
import { loadConfig, renderProblems } from '../config/load.ts';
import { createLog, type Log } from '../ops/log.ts';
import { checkPages } from './check.ts';
import type { Output } from './output.ts';

/** How long requests in flight may take once the proxy is told to stop. */
const STOP_WITHIN_MS = 10_000;

/** Exit code 2 for a wrong configuration, 1 when a port cannot be had, 0 after an orderly stop. */
export async function runServe(file: string, version: string, output: Output): Promise<number> {
  const loaded = await loadConfig(file);
  if (!loaded.ok) {
    output.stderr(renderProblems(loaded.problems));
    return 2;
  }
  const { config, warnings } = loaded;
  const broken = await checkPages(config);
  if (broken.length > 0) {
    output.stderr(renderProblems(broken));
    return 2;
  }
  const log = createLog(config.log);
  for (const { key, message } of warnings) log.warn('configuration', { key, problem: message });
  return runApp(config, log, version, output);
}

/** Starts the proxy, waits for SIGTERM or SIGINT, stops it. `started` is told once phones can connect. */
export async function runApp(
  config: Config,
  log: Log,
  version: string,
  output: Output,
  started: () => void = () => {},
): Promise<number> {
  const app = createApp(config, log, version);
  try {
    await app.start();
  } catch (error) {
    output.stderr(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
  for (const { address, port } of app.addresses()) log.info('listening', { for: 'phones', address, port });
  log.info('listening', { for: 'operators', address: app.opsAddress().address, port: app.opsAddress().port });
  void app.ready.then(() => log.info('ready', { services: config.clusters.flatMap((each) => each.services).length }));
  started();
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  log.info('stopping', { signal });
  await app.stop(STOP_WITHIN_MS);
  log.info('stopped');
  return 0;
}
