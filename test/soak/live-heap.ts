/** Loaded before the proxy in the soak (`node --expose-gc --import`): tells the memory that is in use, on request. */

process.on('message', () => {
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send?.({ live: heapUsed + external, rss });
});
// Or the channel would keep the proxy from ending.
process.channel?.unref();
