/** A real store that goes by another clock than its machine's, in its answers to TIME and in its scripts. */

import type { RedisCommand, RedisConnection } from '../src/shared/redis-connection.ts';

export function withStoreTime({ run, ...rest }: RedisConnection, now: () => number): RedisConnection {
  const timed = (command: RedisCommand, time: readonly string[]): RedisCommand => {
    const [name, script, ...parts] = command;
    if (name === 'TIME') return ['PING'];
    if (name !== 'EVAL') return command;
    return [name, String(script).replaceAll("redis.call('TIME')", `{'${time.join("','")}'}`), ...parts];
  };
  return {
    ...rest,
    async run(commands) {
      const at = now();
      const time = [String(Math.floor(at / 1000)), String(Math.round((at % 1000) * 1000))];
      const replies = await run(commands.map((command) => timed(command, time)));
      return replies.map((reply, index) =>
        commands[index]?.[0] === 'TIME' && 'value' in reply ? { value: time } : reply,
      );
    },
  };
}
