/** The one place where the libraries come in: Preact with its hooks, and htm, which makes its elements of template texts. */

import htm from 'htm';
import { h, render } from 'preact';
import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';

export const html = htm.bind(h);
export { render, useEffect, useId, useMemo, useRef, useState };
