/** What the proxy says, in German (console/phrases/de.json): in the browser and on the page without JavaScript alike. */

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { failures, renderFailure } from '../../src/domain/failure.ts';
import { createTranslation } from '../../src/text/phrases.ts';

// Plain JavaScript for browsers: console/tsconfig.json checks its types.
const { createTranslation: createInBrowser } = await import(
  String(new URL('../../console/phrases.js', import.meta.url))
);
const ROOT = join(import.meta.dirname, '../..');
const phrases = JSON.parse(readFileSync(join(ROOT, 'console/phrases/de.json'), 'utf8')) as Record<string, string>;
const translate = createTranslation(phrases);
const inBrowser = createInBrowser(phrases);
const german = (text: string) =>
  translate(text)
    .map((piece) => piece.text)
    .join('');
/** What stayed English, without marks. */
const left = (text: string) =>
  translate(text)
    .filter(({ isTranslated }) => !isTranslated)
    .map((piece) => piece.text)
    .filter((piece) => /\p{L}/u.test(piece));

const SAID = [
  'main: no service admits new agents: a is out-of-service, b is set to maint',
  'store: it is gone since 2026-11-27T02:33:21.000Z. It cannot be reached (connect ECONNREFUSED 10.0.0.1:6379). Phones are answered as before, by what this proxy knows.',
  'webhook pager: it refused the last event (400); 3 events wait, 2 are lost',
  'phones are served by 1 of 2 processes: process 1 is started again (it ended with 1)',
  'a: Finesse’s certificate expires on 2026-12-01; renew it there',
  'phones.listeners[0].tls: the certificate expired on 2026-11-01, and phones refuse it; renew it',
  'island suspected: nothing of site Ulm could be reached since 2026-11-27T02:33:21.000Z, while this site is in service.',
  'There can be no drill now: a is reconnecting: a drill would make it worse.',
  'it has peripheral 5000, the failed server 5001: not the same Finesse cluster',
];

describe('B993 what the proxy says, in German', () => {
  it('of every failure of a server or of the configuration the words are German, and what was found stays', () => {
    const english = Object.entries(failures)
      .filter(([, { cause }]) => cause === 'server' || cause === 'configuration')
      .flatMap(([code]) => {
        const text = renderFailure({ code: code as keyof typeof failures, detail: 'ECONNREFUSED 10.0.0.1:8443' });
        return left(text).filter((piece) => !/^[?. ]*\(ECONNREFUSED 10\.0\.0\.1:8443\)$/.test(piece));
      });
    expect(english).toEqual([]);
  });

  it('names, codes, addresses and times between the phrases stay, and only they', () => {
    expect(SAID.map(german)).toEqual([
      'main: Kein Dienst nimmt neue Agenten an: a ist außer Betrieb, b ist auf „Wartung“ gesetzt',
      'Store: Er ist weg seit 2026-11-27T02:33:21.000Z. Er ist nicht zu erreichen (connect ECONNREFUSED 10.0.0.1:6379). Telefonen wird geantwortet wie zuvor, nach dem, was dieser Proxy weiß.',
      'Webhook pager: Er lehnte das letzte Ereignis ab (400); 3 Ereignisse warten, 2 sind verloren',
      'Telefone werden von 1 von 2 Prozessen bedient: Prozess 1 wird neu gestartet (er endete mit 1)',
      'a: Das Zertifikat von Finesse endet am 2026-12-01; erneuere es dort',
      'phones.listeners[0].tls: Das Zertifikat endete am 2026-11-01, und Telefone lehnen es ab; erneuere es',
      'Vermutlich eine Insel: Vom Standort Ulm ist seit 2026-11-27T02:33:21.000Z nichts zu erreichen, während dieser Standort in Betrieb ist.',
      'Jetzt kann es keine Übung geben: a ist im Wiederverbinden: eine Übung würde es schlimmer machen.',
      'er hat Peripheral 5000, der ausgefallene Server 5001: nicht derselbe Finesse-Cluster',
    ]);
  });

  it('what is not known stays as it is', () => {
    for (const text of ['', 'Something new happened at 10.0.0.1.', 'refused', 'it is well']) {
      expect(german(text)).toBe(text);
    }
  });

  it('the browser and the page without JavaScript say the same', () => {
    const texts = [...SAID, ...Object.keys(failures).map((code) => renderFailure({ code, detail: 'x' } as never))];
    for (const text of texts) expect(inBrowser(text)).toEqual(translate(text));
  });

  it('every phrase is one that the proxy says: whoever changes its words changes them there too', () => {
    const sources = globSync('src/**/*.ts', { cwd: ROOT }).map((file) => readFileSync(join(ROOT, file), 'utf8'));
    // Texts are broken over lines, and hold places.
    const said = sources.join('\n').replaceAll(/\$\{[^{}]*\}/g, '{}');
    const idle = Object.keys(phrases).filter((phrase) => {
      const parts = phrase.split(/\{\w+\}/).map((part) => part.trim());
      return parts.some((part) => part.length > 3 && !said.includes(part) && !COMPOSED.test(phrase));
    });
    expect(idle).toEqual([]);
  });
});

/** Put together of parts that are said elsewhere too. */
const COMPOSED =
  /^(?:This proxy sees it|sees it|is|it is|is set to|the operator set it to) \S+$|^a failure of its \w+ signal stands$|certificate expire|^store: it |^a restart would forget|, \{lost\} are lost$|^island|^webhook/;
