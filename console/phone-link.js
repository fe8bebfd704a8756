/** The connection to one phone: its screen as it comes, its keys one after the other. */

import { ask } from './api.js';
import { useEffect, useRef, useState } from './ui.js';

/** @typedef {import('./phone-types.d.ts').PhoneState} PhoneState */
/** @typedef {import('./phone-types.d.ts').Key} Key */

const HIDDEN_MS = 60_000;

/**
 * @param {PhoneState} first what was known of it when it was opened
 * @param {(because: string) => void} onEnd told when it is over, or not there any more
 */
export function usePhone(first, onEnd) {
  const [phone, setPhone] = useState(first);
  const [fault, setFault] = useState('');
  const newest = useRef(first);
  const keys = useRef(Promise.resolve());
  const { device } = first;
  const path = `/phones/${encodeURIComponent(device)}`;

  const take = (/** @type {PhoneState} */ next) => {
    // An answer to a key may come after what the stream told since.
    if (next.version < newest.current.version) return;
    newest.current = next;
    setPhone(next);
  };

  useEffect(() => {
    /** @type {EventSource | null} */
    let source = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let reopening;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let hiding;
    const open = () => {
      const opened = new EventSource(`${path}/events`);
      source = opened;
      opened.addEventListener('phone', (event) => take(JSON.parse(event.data)));
      opened.addEventListener('ended', (event) => {
        opened.close();
        onEnd(JSON.parse(event.data).because);
      });
      opened.addEventListener('error', () => {
        if (opened.readyState === EventSource.CLOSED) reopening = setTimeout(again, 1000 + Math.random() * 3000);
      });
    };
    /** The browser gives up for good at an answer that is none: is the phone there still? */
    const again = async () => {
      const answer = await ask(path);
      if (answer.ok) {
        take(/** @type {PhoneState} */ (answer.body));
        open();
      } else if (answer.status >= 400 && answer.status < 500) onEnd('gone');
      else reopening = setTimeout(again, 1000 + Math.random() * 3000);
    };
    const close = () => {
      clearTimeout(reopening);
      source?.close();
      source = null;
    };
    /** All pages of a host share six connections; one that nobody looks at needs none. */
    const onVisibility = () => {
      clearTimeout(hiding);
      if (document.visibilityState === 'hidden') hiding = setTimeout(close, HIDDEN_MS);
      else if (source === null) void again();
    };
    open();
    document.addEventListener('visibilitychange', onVisibility);
    return () => {
      document.removeEventListener('visibilitychange', onVisibility);
      clearTimeout(hiding);
      close();
    };
  }, [device]);

  /** One after the other, each for the page that was on the screen when it was pressed. @param {Key} key */
  const press = (key) => {
    const { page } = newest.current;
    keys.current = keys.current.then(async () => {
      /** @type {import('./api.js').Answer<PhoneState>} */
      const answer = await ask(`${path}/keys`, { method: 'POST', body: { page, ...key } });
      setFault(answer.ok || answer.status === 409 ? '' : answer.message);
      if (answer.ok) take(answer.body);
    });
  };
  return { phone, press, fault };
}
