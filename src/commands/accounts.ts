/** Users of this machine, by the file that systemd and adduser write too. */

import { readFileSync } from 'node:fs';

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Of the groups that it is a member of, its own first. */
  readonly groups: readonly number[];
}

/** Who the service runs as, in the package and in docs/operations.md. */
export const SERVICE_USER = 'ippa-proxy';

/** null: there is no such user here (or it is known elsewhere than in /etc/passwd). */
export function findAccount(name: string, etc = '/etc'): Account | null {
  const line = rows(`${etc}/passwd`).find(([user]) => user === name);
  if (line === undefined) return null;
  const [uid, gid] = [Number(line[2]), Number(line[3])];
  const more = rows(`${etc}/group`).flatMap(([, , id, members = '']) => {
    return members.split(',').includes(name) ? [Number(id)] : [];
  });
  return { name, uid, gid, groups: [gid, ...more] };
}

function rows(file: string): string[][] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
  } catch {
    return [];
  }
}
