/** Finds out when all processes have heard what was said to them so far. */

export interface Barriers {
  /** Calls `done` when each of them has passed, or has ended. */
  raise(processes: readonly number[], done: () => void): number;
  passed(barrier: number, process: number): void;
  ended(process: number): void;
}

export function createBarriers(): Barriers {
  const open = new Map<number, { readonly left: Set<number>; readonly done: () => void }>();
  let last = 0;
  const passed: Barriers['passed'] = (barrier, process) => {
    const found = open.get(barrier);
    if (found === undefined || !found.left.delete(process) || found.left.size > 0) return;
    open.delete(barrier);
    found.done();
  };
  return {
    raise(processes, done) {
      last += 1;
      if (processes.length === 0) done();
      else open.set(last, { left: new Set(processes), done });
      return last;
    },
    passed,
    ended(process) {
      for (const barrier of [...open.keys()]) passed(barrier, process);
    },
  };
}
