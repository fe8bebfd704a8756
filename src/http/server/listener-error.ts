/** Why a listener cannot start, in the operator's words. */

/** A listener could not be started; the message names the key and what to do. */
export class ListenerError extends Error {
  /** Key in the configuration, for example phones.listeners[0].port. */
  readonly key: string;
  /** The message without the key. */
  readonly problem: string;

  constructor(key: string, problem: string, cause: unknown) {
    super(`${key}: ${problem}`, { cause });
    this.key = key;
    this.problem = problem;
  }
}

/** The error behind a refused `listen`, with the key to change: `host` or `port` below `key`. */
export function listenError(error: NodeJS.ErrnoException, host: string, port: number, key: string): ListenerError {
  switch (error.code) {
    case 'EADDRINUSE':
      return new ListenerError(
        `${key}.port`,
        `port ${port} on ${host} is already in use; stop the other program or choose another port`,
        error,
      );
    case 'EACCES':
      return new ListenerError(
        `${key}.port`,
        `no permission to listen on port ${port} of ${host}; ports below 1024 need a privilege`,
        error,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ListenerError(`${key}.host`, `${host} is not an address of this machine (${error.code})`, error);
    default:
      return new ListenerError(
        key,
        `cannot listen on port ${port} of ${host} (${error.code ?? 'unknown error'})`,
        error,
      );
  }
}
