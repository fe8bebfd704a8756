/** Why a listener cannot start, in the operator's words. */

/** A listener could not be started; the message names the key and what to do. */
export class ListenerError extends Error {
  /** Key in the configuration, for example phones.listeners[0].port. */
  readonly key: string;

  constructor(key: string, message: string, cause: unknown) {
    super(`${key}: ${message}`, { cause });
    this.key = key;
  }
}

/** The error behind a refused `listen`, with the key to change. */
export function listenError(error: NodeJS.ErrnoException, host: string, port: number, key: string): ListenerError {
  switch (error.code) {
    case 'EADDRINUSE':
      return new ListenerError(`${key}.port`, `port ${port} on ${host} is already in use`, error);
    case 'EACCES':
      return new ListenerError(`${key}.port`, `no permission to listen on port ${port}`, error);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ListenerError(`${key}.host`, `${host} is not an address of this machine`, error);
    default:
      return new ListenerError(key, `cannot listen on ${host}, port ${port}: ${error.code}`, error);
  }
}
