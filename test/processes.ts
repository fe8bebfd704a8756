/** How many processes serve phones in the tests of the way of phones: they run with several too (vitest.config.ts). */
export const PROCESSES = Number(process.env.PROCESSES ?? 1);
