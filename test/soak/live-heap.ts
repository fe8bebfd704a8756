/** Loaded before the proxy in the soak (`node --expose-gc --import`): tells the memory in use on request, and its own stalls. */

/** So long without a turn, and probes fail by the machine's fault. */
const STALL_MS = 250;
let last = Date.now();

process.on('message', () => {
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send?.({ live: heapUsed + external, rss });
});
setInterval(() => {
  const now = Date.now();
  if (now - last > STALL_MS) process.send?.({ stalledFrom: last, stalledTo: now });
  last = now;
}, 50).unref();
// Or the channel would keep the proxy from ending.
process.channel?.unref();
