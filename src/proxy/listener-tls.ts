/** TLS sessions of phones. */

import type { Server } from 'node:tls';

const MAX_SESSIONS = 4_096;
const SESSION_MS = 5 * 60_000;

/**
 * Phones open a connection for each page (reference/phone-xml.md §4), so a session must be resumable. Node issues tickets
 * by itself; this adds session ids for phones that know no tickets. The oldest goes when there are too many.
 */
export function keepSessions(server: Server): void {
  const sessions = new Map<string, { readonly session: Buffer; readonly until: number }>();
  server.on('newSession', (id, session, done) => {
    const [oldest] = sessions.keys();
    if (sessions.size >= MAX_SESSIONS && oldest !== undefined) sessions.delete(oldest);
    sessions.set(id.toString('latin1'), { session, until: performance.now() + SESSION_MS });
    done();
  });
  server.on('resumeSession', (id, done) => {
    const known = sessions.get(id.toString('latin1'));
    done(null, known !== undefined && known.until > performance.now() ? known.session : (null as unknown as Buffer));
  });
}
