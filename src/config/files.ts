/** What the configuration points at outside itself: secrets, PEM files, folders. Each is read once, and its faults are findings. */

import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { coversHost, daysUntil, EXPIRES_SOON_DAYS, parseCertificates, parsePrivateKey } from '../files/certificates.ts';
import { readBytes, renderFileError } from '../files/read-file.ts';
import { renderFound } from './document.ts';
import { type Finding, type KeyPath, renderKey } from './problem.ts';
import { SIGNING_SECRET_ALLOWED } from './schema-webhooks.ts';
import { isSigningSecret, parseHttpUrl, parseOrigin } from './values.ts';

export interface Outside {
  /** Text of secrets and PEM files by their key. */
  readonly contents: ReadonlyMap<string, string>;
  readonly findings: readonly Finding[];
  readonly warnings: readonly Finding[];
}

interface Source {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: number;
}

/** Collects while walking the raw configuration; passes over what has the wrong kind, which the schema reports. */
export async function readOutside(value: unknown, source: Source): Promise<Outside> {
  const walk = new Walk(source);
  const config = fields(value);
  const ops = fields(config.ops);
  await walk.secret(['ops', 'token'], ops.token);
  for (const [index, operator] of list(ops.operators).entries()) {
    await walk.secret(['ops', 'operators', index, 'token'], fields(operator).token);
  }
  await walk.listener(['ops'], ops);
  for (const [index, listener] of list(fields(config.phones).listeners).entries()) {
    await walk.listener(['phones', 'listeners', index], fields(listener));
  }
  const push = fields(config.push);
  await walk.secret(['push', 'password'], push.password);
  for (const [index, listener] of list(push.listeners).entries()) {
    await walk.listener(['push', 'listeners', index], fields(listener));
  }
  const reports = fields(config.reports);
  for (const [index, listener] of list(reports.listeners).entries()) {
    await walk.listener(['reports', 'listeners', index], fields(listener));
  }
  for (const [index, node] of list(reports.services).entries()) {
    await walk.authority(['reports', 'services', index, 'tls', 'ca'], fields(fields(node).tls).ca);
  }
  for (const [c, cluster] of list(config.clusters).entries()) {
    for (const [s, service] of list(fields(cluster).services).entries()) {
      const path = ['clusters', c, 'services', s];
      await walk.secret([...path, 'probe', 'password'], fields(fields(service).probe).password);
      await walk.authority([...path, 'tls', 'ca'], fields(fields(service).tls).ca);
      const notification = fields(fields(service).notification);
      await walk.secret([...path, 'notification', 'password'], notification.password);
      await walk.authority([...path, 'notification', 'ca'], notification.ca);
    }
  }
  for (const [index, webhook] of list(config.webhooks).entries()) {
    await walk.webhook(['webhooks', index], fields(webhook));
  }
  const syslog = fields(fields(config.log).syslog);
  await walk.authority(['log', 'syslog', 'tls', 'ca'], fields(syslog.tls).ca);
  const redis = fields(fields(config.store).redis);
  await walk.secret(['store', 'redis', 'password'], redis.password);
  await walk.secret(['store', 'redis', 'sentinelPassword'], redis.sentinelPassword);
  await walk.authority(['store', 'redis', 'tls', 'ca'], fields(redis.tls).ca);
  await walk.folder(['pages', 'folder'], fields(config.pages).folder, true);
  await walk.folder(['state', 'folder'], fields(config.state).folder, false);
  return walk;
}

/** One secret and nothing else; null: there is none, or it cannot be read, which the findings say. */
export async function readSecret(
  path: KeyPath,
  value: unknown,
  source: Source,
): Promise<{ readonly content: string | null; readonly findings: readonly Finding[] }> {
  const walk = new Walk(source);
  await walk.secret(path, value);
  return { content: walk.contents.get(renderKey(path)) ?? null, findings: walk.findings };
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

class Walk implements Outside {
  readonly contents = new Map<string, string>();
  readonly findings: Finding[] = [];
  readonly warnings: Finding[] = [];
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
  }

  /** A secret in place, from the environment or from a file; a final newline of the file is not part of it. */
  async secret(path: KeyPath, value: unknown): Promise<void> {
    const { env, file } = fields(value);
    // Which of the two is meant nobody knows; the schema says so.
    if (env !== undefined && file !== undefined) return;
    if (typeof value === 'string') this.contents.set(renderKey(path), value);
    if (typeof env === 'string') {
      const content = this.#source.env[env] ?? '';
      if (content === '')
        this.#add(path, `the environment variable ${renderFound(env)}, which is not set`, 'one that is set');
      this.contents.set(renderKey(path), content);
    } else if (typeof file === 'string') {
      const content = (await this.#text(path, file))?.replace(/\r?\n$/, '');
      if (content === undefined) return;
      if (content === '') this.#add(path, `the file ${renderFound(file)}, which is empty`, 'a file with the secret');
      if (/\p{Cc}/u.test(content)) this.#add(path, `the file ${renderFound(file)} with several lines`, 'one line');
      this.contents.set(renderKey(path), content);
    }
  }

  async listener(path: KeyPath, listener: Readonly<Record<string, unknown>>): Promise<void> {
    const { cert, key } = fields(listener.tls);
    const certPath = [...path, 'tls', 'cert'];
    const keyPath = [...path, 'tls', 'key'];
    const certificates = await this.#certificates(certPath, cert);
    const keyText = await this.#text(keyPath, key);
    const privateKey = keyText === undefined ? null : parsePrivateKey(keyText);
    if (typeof privateKey === 'string') {
      this.#add(keyPath, `${renderFound(key)}: ${privateKey}`, 'a PEM file with a private key without a passphrase');
    }
    const leaf = certificates?.[0];
    if (leaf === undefined) return;
    if (privateKey !== null && typeof privateKey !== 'string' && !leaf.checkPrivateKey(privateKey)) {
      this.#add(
        keyPath,
        `${renderFound(key)}, the key of another certificate`,
        `the private key of ${renderFound(cert)}`,
      );
    }
    this.#warnOfDates(certPath, leaf.validFromDate, leaf.validToDate);
    if (fields(listener.tls).profile === 'legacy' && leaf.publicKey.asymmetricKeyType !== 'rsa') {
      const found = `the certificate of a legacy listener has no RSA key`;
      this.warnings.push({ path: certPath, found, allowed: 'phones of the 7900 series take RSA only' });
    }
    const publicUrl = typeof listener.publicUrl === 'string' ? parseOrigin(listener.publicUrl) : null;
    if (publicUrl !== null && !coversHost(leaf, publicUrl.hostname)) {
      const found = `the certificate is not for ${publicUrl.hostname}, the host of publicUrl`;
      const consequence = path[0] === 'reports' ? 'browsers will warn of it' : 'phones will say "Host not found"';
      this.warnings.push({ path: certPath, found, allowed: `${consequence}; use one that names it` });
    }
  }

  /** A receiver of events: nearly all of it is secret, so what is wrong with it can be seen here only. */
  async webhook(path: KeyPath, webhook: Readonly<Record<string, unknown>>): Promise<void> {
    const look = async (key: KeyPath, value: unknown, isRight: (text: string) => boolean, allowed: string) => {
      const before = this.findings.length;
      await this.secret([...path, ...key], value);
      const content = this.contents.get(renderKey([...path, ...key]));
      if (content === undefined || this.findings.length > before || isRight(content)) return;
      this.#add([...path, ...key], 'a value that is not printed', allowed);
    };
    const isUrl = (text: string) => parseHttpUrl(text) !== null;
    await look(['url'], webhook.url, isUrl, 'an http or https URL without credentials');
    await look(['secret'], webhook.secret, isSigningSecret, SIGNING_SECRET_ALLOWED);
    await look(['previousSecret'], webhook.previousSecret, isSigningSecret, SIGNING_SECRET_ALLOWED);
    await look(['routingKey'], webhook.routingKey, (text) => /^[\x21-\x7e]+$/.test(text), 'a key of PagerDuty');
    for (const [index, header] of list(webhook.headers).entries()) {
      const isHeader = (text: string) => /^[\t\x20-\x7e\x80-\xff]+$/.test(text);
      await look(['headers', index, 'value'], fields(header).value, isHeader, 'text that a header can hold');
    }
    await this.authority([...path, 'tls', 'ca'], fields(webhook.tls).ca);
  }

  /** The CA of a server that the proxy connects to. */
  async authority(path: KeyPath, value: unknown): Promise<void> {
    const certificates = await this.#certificates(path, value);
    const [only] = certificates ?? [];
    if (certificates?.length === 1 && only !== undefined) this.#warnOfDates(path, only.validFromDate, only.validToDate);
  }

  /** A folder that must exist already, or may be made later. */
  async folder(path: KeyPath, value: unknown, mustExist: boolean): Promise<void> {
    if (typeof value !== 'string' || value === '' || value.includes('\0')) return;
    try {
      const status = await stat(resolve(this.#source.folder, value));
      if (!status.isDirectory())
        this.#add(path, `${renderFound(value)}, which is not a folder`, 'the path of a folder');
    } catch (error) {
      if (mustExist || (error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#add(path, `${renderFound(value)}, ${renderFileError(error)}`, 'the path of a folder that can be read');
      }
    }
  }

  async #certificates(path: KeyPath, value: unknown) {
    const pem = await this.#text(path, value);
    if (pem === undefined) return null;
    const certificates = parseCertificates(pem);
    if (certificates === null) {
      const found = `${renderFound(value)}, a file without a readable certificate`;
      this.#add(path, found, 'a PEM file (-----BEGIN CERTIFICATE-----)');
    }
    this.contents.set(renderKey(path), pem);
    return certificates;
  }

  async #text(path: KeyPath, value: unknown): Promise<string | undefined> {
    if (typeof value !== 'string' || value === '' || value.includes('\0')) return undefined;
    try {
      return new TextDecoder().decode(await readBytes(resolve(this.#source.folder, value)));
    } catch (error) {
      this.#add(path, `${renderFound(value)}, ${renderFileError(error)}`, 'the path of a file that can be read');
      return undefined;
    }
  }

  #warnOfDates(path: KeyPath, from: Date, to: Date): void {
    const warn = (found: string, allowed: string) => this.warnings.push({ path, found, allowed });
    const days = daysUntil(to.getTime(), this.#source.now);
    const date = (day: Date) => day.toISOString().slice(0, 10);
    if (from.getTime() > this.#source.now) warn(`the certificate is valid from ${date(from)} only`, 'check the clock');
    if (days < 0) warn(`the certificate expired on ${date(to)}`, 'connections will fail; renew it');
    else if (days < EXPIRES_SOON_DAYS) warn(`the certificate expires on ${date(to)}`, 'renew it before');
  }

  #add(path: KeyPath, found: string, allowed: string): void {
    this.findings.push({ path, found, allowed });
  }
}
