/** The last probes as a line, with what a failed one looks like and the same in words. */

import { html } from './ui.js';
import { say, sayCount } from './words.js';

/** @typedef {import('./types.d.ts').Probe} Probe */

/** @param {{ probes: readonly Probe[], width?: number, height?: number }} props */
export function Plot({ probes, width = 160, height = 28 }) {
  if (probes.length === 0) return null;
  const top = Math.max(10, ...probes.map(({ latencyMs }) => latencyMs));
  const step = width / Math.max(59, probes.length - 1);
  const left = width - step * (probes.length - 1);
  const x = (/** @type {number} */ index) => round(left + index * step);
  const y = (/** @type {number} */ ms) => round(height - 2 - (ms / top) * (height - 5));
  const line = probes.map(({ latencyMs }, index) => `${index === 0 ? 'M' : 'L'}${x(index)} ${y(latencyMs)}`).join('');
  const failed = probes.flatMap(({ confirmed }, index) => (confirmed ? [] : [`M${x(index)} 0V${height}`])).join('');
  return html`<svg class="plot" role="img" aria-label=${describe(probes)} viewBox=${`0 0 ${width} ${height}`} width=${width} height=${height} preserveAspectRatio="none">
    ${failed !== '' && html`<path class="plot-failed" d=${failed} />`}
    <path class="plot-line" d=${line} vector-effect="non-scaling-stroke" />
  </svg>`;
}

/** @param {readonly Probe[]} probes */
function describe(probes) {
  const times = probes.map(({ latencyMs }) => latencyMs).toSorted((one, other) => one - other);
  const failed = probes.filter(({ confirmed }) => !confirmed).length;
  const middle = times[Math.floor(times.length / 2)] ?? 0;
  const text = say('plot.text', { n: probes.length, middle, top: times.at(-1) ?? 0 });
  return failed === 0 ? text : `${text} ${sayCount('plot.failed', failed)}`;
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}
