/** What an error of the store means, in words an operator can act on. Pure. Code matches on the code, never on a message. */

export type StoreFaultCode =
  | 'store-unreachable'
  | 'store-timeout'
  | 'store-tls'
  | 'store-credentials'
  | 'store-protected'
  | 'store-acl'
  | 'store-loading'
  | 'store-read-only'
  | 'store-disk'
  | 'store-memory'
  | 'store-replicas'
  | 'store-master-down'
  | 'store-no-master'
  | 'store-busy'
  | 'store-newer'
  | 'store-key'
  | 'store-other';

export interface StoreFault {
  readonly code: StoreFaultCode;
  /** What was found: never a password, since servers do not repeat it. */
  readonly detail: string;
}

interface Meaning {
  readonly code: StoreFaultCode;
  readonly pattern: RegExp;
}

/** The first that matches. The words of Redis and Valkey begin with a code of their own; the rest is Node's and ioredis'. */
const MEANINGS: readonly Meaning[] = [
  // Said before any user is asked for; the rest of it is about passwords.
  { code: 'store-protected', pattern: /^DENIED\b/ },
  { code: 'store-credentials', pattern: /^(?:WRONGPASS|NOAUTH)\b|^ERR (?:invalid password|AUTH <password> called)/i },
  // The second is what Redis 7.0 says of a command within a script, the third what later ones say.
  { code: 'store-acl', pattern: /^NOPERM\b|executing the script can't|ACL failure in script/i },
  { code: 'store-loading', pattern: /^LOADING\b/ },
  { code: 'store-read-only', pattern: /\bREADONLY\b/ },
  { code: 'store-disk', pattern: /\bMISCONF\b/ },
  { code: 'store-memory', pattern: /(?:^|\b)OOM\b/ },
  { code: 'store-replicas', pattern: /\bNOREPLICAS\b/ },
  { code: 'store-master-down', pattern: /\bMASTERDOWN\b/ },
  { code: 'store-no-master', pattern: /sentinels? (?:are|is) unreachable|no sentinel|Redis Cluster|no such master/i },
  { code: 'store-key', pattern: /\bWRONGTYPE\b/ },
  { code: 'store-busy', pattern: /\bBUSY\b/ },
  {
    code: 'store-tls',
    pattern: /certificate|self.signed|\bTLS\b|\bSSL\b|ERR_TLS|altnames|wrong version number|EPROTO/i,
  },
  // With no retries at all it is what the client says of everything that was under way when the connection broke.
  { code: 'store-unreachable', pattern: /max retries per request/i },
  { code: 'store-timeout', pattern: /timed? ?out|ETIMEDOUT/i },
  {
    code: 'store-unreachable',
    pattern:
      /ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|EPIPE|closed|isn't writeable|offline/i,
  },
];

const WORDS: Readonly<Record<StoreFaultCode, string>> = {
  'store-unreachable': 'It cannot be reached',
  'store-timeout': 'It does not answer in time',
  'store-tls': 'No TLS connection comes about',
  'store-credentials': 'It refuses the user or the password: correct store.redis.username and password',
  'store-protected':
    'It turns other machines away (protected-mode) as long as its user default has no password: docs/shared-memory.md, `user default off`',
  'store-acl': 'The user may not use a command or a key that the proxy needs: docs/shared-memory.md has the exact rule',
  'store-loading': 'It is loading its data after a start',
  'store-read-only':
    'It is a replica and takes no writes: store.redis.url must lead to the master, or name the Sentinels',
  'store-disk': 'It cannot save to its disk and takes no writes (MISCONF): look at the disk of the server',
  'store-memory': 'Its memory is full and it takes no writes (OOM): raise maxmemory, or remove what else is in it',
  'store-replicas': 'It has too few replicas and takes no writes (min-replicas-to-write)',
  'store-master-down': 'It is a replica without its master',
  'store-no-master':
    'No Sentinel that can be reached names a master that answers; while they choose a new one that lasts some seconds',
  'store-busy': 'It is busy with a script of somebody else',
  'store-newer':
    'Its layout is not understood here: upgrade this proxy, unless somebody else has written to the key schema',
  'store-key': 'It holds something else in a key of the proxies: remove that key, they write what they know anew',
  'store-other': 'It answers with an error that the proxy does not know',
};

/** Why writes are refused although reads may work. */
const ONLY_WRITES: ReadonlySet<StoreFaultCode> = new Set([
  'store-read-only',
  'store-disk',
  'store-memory',
  'store-replicas',
  'store-acl',
]);

/** What ioredis says before the reason: true of none of them while the master alone is gone. */
const SENTINELS = /^All sentinels are unreachable[^.]*\.(?: Retrying from scratch [^.]*\.)?(?: Last error: )?/;

export function classifyStoreError(message: string): StoreFault {
  const found = MEANINGS.find(({ pattern }) => pattern.test(message));
  const detail = message.replace(SENTINELS, '').replaceAll(/\s+/g, ' ').slice(0, 200);
  return { code: found?.code ?? 'store-other', detail };
}

export function refusesWritesOnly({ code }: StoreFault): boolean {
  return ONLY_WRITES.has(code);
}

/** A sentence, with what was found. */
export function renderStoreFault({ code, detail }: StoreFault): string {
  return detail === '' ? `${WORDS[code]}.` : `${WORDS[code]} (${detail}).`;
}

export const storeFaultCodes = Object.keys(WORDS) as readonly StoreFaultCode[];
