import fc from 'fast-check';

const lone = fc.integer({ min: 0xd800, max: 0xdfff }).map((code) => String.fromCharCode(code));

/** Whatever a string of JavaScript can hold: lone surrogates too, which fast-check's own strings never do. */
export const anyText = fc
  .array(fc.oneof({ weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) }, lone))
  .map((parts) => parts.join(''));
