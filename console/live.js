/**
 * Follows `/events`. The browser's own reopening is not enough: it gives up for good at the first 503, and a frozen proxy looks
 * alive to it. So whoever hears nothing for two heartbeats closes the stream and opens another one by a timer.
 */

/** Every 15 s comes an event `alive`: after two that are missing, and a little for the way, the page is not live any more. */
const SILENT_MS = 2 * 15_000 + 2000;
/** A connection that is away for a moment, as at a reload, is not worth a word. */
const BLIP_MS = 3000;
const HIDDEN_MS = 60_000;
const NAMES = ['snapshot', 'service', 'outage', 'admin', 'proxy', 'alive'];

/**
 * @param {object} options
 * @param {(name: string, data: any) => void} options.onEvent
 * @param {(isLive: boolean, since: number) => void} options.onLive told when it is or is not any more, and since when
 * @param {() => void} options.onResumed the browser went on where the stream had broken off, without a snapshot
 */
export function createLive({ onEvent, onLive, onResumed }) {
  /** @type {EventSource | null} */
  let source = null;
  let heardAt = performance.now();
  let heardTime = Date.now();
  let openedAt = performance.now();
  let isLive = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let reopening;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let hiding;

  /** @param {boolean} next */
  const setLive = (next) => {
    if (next === isLive) return;
    isLive = next;
    onLive(isLive, heardTime);
  };
  const close = () => {
    clearTimeout(reopening);
    reopening = undefined;
    source?.close();
    source = null;
  };
  const open = () => {
    close();
    const opened = new EventSource('/events?devices=no');
    source = opened;
    openedAt = performance.now();
    for (const name of NAMES) {
      opened.addEventListener(name, (event) => {
        if (source !== opened) return;
        heardAt = performance.now();
        heardTime = Date.now();
        onEvent(name, JSON.parse(event.data));
        setLive(true);
      });
    }
    let opens = 0;
    opened.addEventListener('open', () => {
      opens += 1;
      if (source === opened && opens > 1) onResumed();
    });
    opened.addEventListener('error', () => {
      if (source !== opened) return;
      if (opened.readyState === EventSource.CLOSED) reopenLater();
    });
  };
  /** Not all pages at once: they would come back together, too. */
  const reopenLater = () => {
    close();
    reopening = setTimeout(open, 1000 + Math.random() * 9000);
  };
  const look = () => {
    const silentMs = performance.now() - heardAt;
    const isAway = source === null || source.readyState !== EventSource.OPEN;
    if (isAway && silentMs > BLIP_MS) setLive(false);
    if (silentMs <= SILENT_MS) return;
    setLive(false);
    // A connection that is never answered does not end by itself either.
    if (source !== null && performance.now() - openedAt > SILENT_MS) reopenLater();
  };

  return {
    start() {
      open();
      setInterval(look, 1000);
      // All pages of a host share six connections; one that nobody looks at needs none.
      document.addEventListener('visibilitychange', () => {
        clearTimeout(hiding);
        if (document.visibilityState === 'hidden') hiding = setTimeout(close, HIDDEN_MS);
        else if (source === null) open();
      });
    },
    reopen: open,
  };
}
