/** A port that cannot be listened on, in words that name the option. */

/** A listening port that could not be had. */
export class PortError extends Error {}

export function portError(error: unknown, key: string, host: string, port: number): PortError {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  const why = {
    EADDRINUSE: 'is in use',
    EACCES: 'may not be opened by this user',
    EADDRNOTAVAIL: 'is not on this machine',
  };
  return new PortError(
    `--${key}: ${host} port ${port} ${why[code as keyof typeof why] ?? `cannot be opened (${code})`}`,
  );
}
