/** Who reads requests in the tests of listeners and of the gate: they run once for each (vitest.config.ts). */
export const HTTP_PARSER = process.env.HTTP_PARSER === 'node' ? 'node' : 'auto';
