/** Loaded before the proxy in the soak (`node --expose-gc --import`): tells the memory in use on request, and stalls. */

/** So long without a turn, and what is late may be so by the machine's fault. */
const STALL_MS = 250;
let [lastAt, lastCpuMs] = [Date.now(), cpuMs()];

process.on('message', () => {
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send?.({ live: heapUsed + external, rss });
});
setInterval(() => {
  const [at, cpu] = [Date.now(), cpuMs()];
  // If the process itself was busy all the while, the fault is the proxy's.
  if (at - lastAt > STALL_MS && cpu - lastCpuMs < (at - lastAt) / 2) process.send?.({ from: lastAt, to: at });
  [lastAt, lastCpuMs] = [at, cpu];
}, 50).unref();
// Or the channel would keep the proxy from ending.
process.channel?.unref();

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
