/** Light or dark: as the system has it, unless somebody chose. */

const KEPT = 'ippa-console-scheme';

export function chosenScheme() {
  return localStorage.getItem(KEPT) ?? 'auto';
}

/** @param {string} scheme */
export function chooseScheme(scheme) {
  localStorage.setItem(KEPT, scheme);
  applyScheme();
}

export function applyScheme() {
  document.documentElement.dataset.scheme = chosenScheme();
}

applyScheme();
