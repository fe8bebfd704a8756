/** Signing in, setting a service, drills. */

import { ask, loadAbout } from './api.js';
import { DemoSignIn } from './demo.js';
import { announce } from './follow.js';
import { Modal } from './parts.js';
import { isLive, serviceOf, state, update } from './store.js';
import { html, useEffect, useRef, useState } from './ui.js';
import { say, sayCount } from './words.js';

/** @typedef {import('./types.d.ts').Service} Service */
/** @typedef {import('./types.d.ts').Preview} Preview */
/** @typedef {import('./types.d.ts').DrillPreview} DrillPreview */
/** @typedef {import('./types.d.ts').Admin} Admin */
/** @typedef {import('./types.d.ts').Device} Device */

const close = () => update({ dialog: null });

export function Dialogs() {
  const { dialog } = state;
  if (dialog === null) return null;
  if (dialog.kind === 'sign-in') return html`<${SignIn} />`;
  const service = serviceOf(dialog.service);
  if (service === null) return null;
  return dialog.kind === 'setting'
    ? html`<${SettingDialog} service=${service} />`
    : html`<${DrillDialog} service=${service} />`;
}

/** @param {{ text: string }} props */
function Fault({ text }) {
  return html`<p class="fault" role="alert">${text}</p>`;
}

/**
 * What sends an order. An order that nobody hears is none: it waits until the proxy is heard again, and what was filled in stays.
 * @param {{ word: string, isBusy: boolean, onBack: () => void, back: string, isDanger?: boolean, focus?: boolean }} props
 */
function OrderButtons({ word, isBusy, onBack, back, isDanger = false, focus = false }) {
  return html`${!isLive() && html`<p class="warning" role="status">${say('live.no-orders')}</p>`}
    <p class="modal-buttons"><button type="submit" class=${isDanger ? 'danger' : 'primary'} disabled=${isBusy || !isLive()} ref=${focus ? focusOnce : null}>${word}</button><button type="button" onClick=${onBack}>${back}</button></p>`;
}

/** The token goes to the port once, in the body of a request; the browser keeps a cookie that scripts cannot read. */
function SignIn() {
  const token = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [fault, setFault] = useState('');
  const [isBusy, setBusy] = useState(false);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setBusy(true);
    setFault('');
    const answer = await ask('/session', { method: 'POST', body: { token: token.current?.value ?? '' } });
    setBusy(false);
    if (!answer.ok) {
      setFault(
        answer.status === 401 ? say('sign-in.wrong') : answer.status === 429 ? say('sign-in.slow') : answer.message,
      );
      token.current?.select();
      return;
    }
    await loadAbout();
    announce(say('signed-in'));
    close();
  };
  return html`<${Modal} title=${say('sign-in')} onClose=${close}>
    <form onSubmit=${submit}>
      <p class="quiet">${say('sign-in.explained')}</p><${DemoSignIn} />
      <label class="field">${say('sign-in.token')}<input ref=${token} type="password" name="token" autocomplete="current-password" required autofocus /></label>
      <${Fault} text=${fault} />
      <p class="modal-buttons"><button type="submit" class=${state.about?.demo === true ? '' : 'primary'} disabled=${isBusy}>${say(state.about?.demo === true ? 'sign-in.with-token' : 'sign-in')}</button><button type="button" onClick=${close}>${say('cancel')}</button></p>
    </form>
  <//>`;
}

const ADMINS = /** @type {const} */ (['ready', 'drain', 'maint']);

/** In two steps: what, then in words what that means for whom. @param {{ service: Service }} props */
function SettingDialog({ service }) {
  const { id, name, admin: before } = service;
  const [admin, setAdmin] = useState(/** @type {Admin} */ (before === 'ready' ? 'drain' : 'ready'));
  const [reason, setReason] = useState('');
  const [until, setUntil] = useState('');
  const [within, setWithin] = useState('');
  const [preview, setPreview] = useState(/** @type {Preview | null} */ (null));
  const [fault, setFault] = useState('');
  const [isBusy, setBusy] = useState(false);
  const setting = {
    admin,
    reason: reason.trim() === '' ? null : reason.trim(),
    ...(admin === 'ready' || until === '' ? {} : { until: new Date(until).toISOString() }),
    ...(admin !== 'maint' || within === '' ? {} : { in: `${within}m` }),
  };
  const send = async (/** @type {boolean} */ isPreview) => {
    setBusy(true);
    setFault('');
    const body = isPreview ? { ...setting, preview: true } : setting;
    const answer = await ask(`/services/${encodeURIComponent(id)}`, { method: 'POST', body });
    setBusy(false);
    if (!answer.ok) return setFault(answer.message);
    if (isPreview) return setPreview(/** @type {Preview} */ (answer.body));
    announce(say('set.done', { name, admin: say(`admin.${admin}`) }));
    close();
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void send(preview === null);
  };
  const needsReason = admin !== 'ready';
  return html`<${Modal} title=${say('set.title', { name })} onClose=${close}>
    <form onSubmit=${submit}>
      ${
        preview === null
          ? html`<fieldset class="options"><legend>${say('set.to')}</legend>${ADMINS.map(
              (
                each,
              ) => html`<label key=${each}><input type="radio" name="admin" value=${each} checked=${each === admin} autofocus=${each === admin} onChange=${() => setAdmin(each)} />
                <span><strong>${say(`admin.${each}`)}</strong> <span class="quiet">${say(`admin.${each}.means`)}</span></span></label>`,
            )}</fieldset>
        <label class="field">${say(needsReason ? 'set.reason' : 'set.reason-optional')}<input type="text" maxlength="200" required=${needsReason} value=${reason}
          onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ { currentTarget }) => setReason(currentTarget.value)} /></label>
        ${
          admin === 'maint' &&
          html`<label class="field">${say('set.in')}<input type="number" min="1" max="1440" value=${within}
          onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ { currentTarget }) => setWithin(currentTarget.value)} /></label>`
        }
        ${
          admin !== 'ready' &&
          html`<label class="field">${say('set.until-field')}<input type="datetime-local" value=${until}
          onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ { currentTarget }) => setUntil(currentTarget.value)} /></label>`
        }
        <${Fault} text=${fault} />
        <${OrderButtons} word=${say('set.next')} isBusy=${isBusy} back=${say('cancel')} onBack=${close} />`
          : html`<${Effect} preview=${preview} within=${within} />
        <${Fault} text=${fault} />
        <${OrderButtons} word=${say('set.do', { admin: say(`admin.${admin}`) })} isBusy=${isBusy} isDanger=${preview.nobodyAdmitted} focus=${true} back=${say('back')} onBack=${() => setPreview(null)} />`
      }
    </form>
  <//>`;
}

/** @param {HTMLElement | null} element */
function focusOnce(element) {
  if (element !== null && element.dataset.focused === undefined) {
    element.dataset.focused = 'yes';
    element.focus();
  }
}

/** Whom it touches. @param {{ preview: Preview, within: string }} props */
function Effect({ preview: { name, admin, phones, alternates, nobodyAdmitted }, within }) {
  const key = admin === 'maint' && within !== '' ? 'effect.maint-later' : `effect.${admin}`;
  const names = alternates.map((each) => each.name).join(', ');
  return html`<div class="effect" role="status">
    <p class="effect-count"><strong>${phones.toLocaleString(document.documentElement.lang)}</strong> ${sayCount('effect.agents', phones, { name })}</p>
    <p>${key === 'effect.maint-later' ? sayCount(key, Number(within)) : say(key)}</p>
    ${admin !== 'ready' && html`<p>${alternates.length === 0 ? say('effect.no-alternates') : say('effect.alternates', { names })}</p>`}
    ${nobodyAdmitted && html`<p class="warning">${say('effect.nobody')}</p>`}
  </div>`;
}

const MINUTES = /** @type {const} */ ([1, 2, 5, 10, 15, 30, 60]);

/** @param {{ service: Service }} props */
function DrillDialog({ service }) {
  return service.drill === null ? html`<${BeginDrill} service=${service} />` : html`<${EndDrill} service=${service} />`;
}

/** In two steps, as a setting. @param {{ service: Service }} props */
function BeginDrill({ service: { id, name } }) {
  const [minutes, setMinutes] = useState(2);
  const [devices, setDevices] = useState('');
  const [reason, setReason] = useState('');
  const [preview, setPreview] = useState(/** @type {DrillPreview | null} */ (null));
  const [fault, setFault] = useState('');
  const [isBusy, setBusy] = useState(false);
  const named = [...new Set(devices.split(/[\s,;]+/).filter((each) => each !== ''))];
  const drill = {
    ...{ service: id, forSeconds: minutes * 60 },
    ...(named.length === 0 ? {} : { devices: named }),
    ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
  };
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setBusy(true);
    setFault('');
    const isPreview = preview === null;
    const answer = await ask('/drills', { method: 'POST', body: isPreview ? { ...drill, preview: true } : drill });
    setBusy(false);
    if (!answer.ok) return setFault(answer.message);
    if (isPreview) return setPreview(/** @type {DrillPreview} */ (answer.body));
    announce(say('drill.begun', { name }));
    close();
  };
  return html`<${Modal} title=${say('drill.title', { name })} onClose=${close}>
    <form onSubmit=${submit}>
      ${
        preview === null
          ? html`<p>${say('drill.explained')}</p>
      <label class="field">${say('drill.for')}<select value=${minutes} onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ { currentTarget }) => setMinutes(Number(currentTarget.value))}>
        ${MINUTES.map((n) => html`<option key=${n} value=${n}>${sayCount('minutes', n)}</option>`)}</select></label>
      <label class="field">${say('drill.devices-field')}<input type="text" value=${devices} placeholder="SEP001122334455" onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ { currentTarget }) => setDevices(currentTarget.value)} /></label>
      <${PickDevice} service=${id} named=${named} onPick=${(/** @type {string} */ device) => setDevices([...named, device].join(' '))} />
      <label class="field">${say('set.reason-optional')}<input type="text" maxlength="200" value=${reason} onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ { currentTarget }) => setReason(currentTarget.value)} /></label>
      <${Fault} text=${fault} />
      <${OrderButtons} word=${say('drill.next')} isBusy=${isBusy} back=${say('cancel')} onBack=${close} />`
          : html`<${DrillEffect} preview=${preview} minutes=${minutes} />
      <${Fault} text=${fault} />
      <${OrderButtons} word=${say('drill.begin')} isBusy=${isBusy} focus=${true} back=${say('back')} onBack=${() => setPreview(null)} />`
      }
    </form>
  <//>`;
}

const SHOWN_DEVICES = 10;

/** Whom it touches. @param {{ preview: DrillPreview, minutes: number }} props */
function DrillEffect({ preview: { name, signedIn, atOtherProxies, devices, notSignedIn, alternates }, minutes }) {
  const names = alternates.map((each) => each.name).join(', ');
  const more = Math.max(0, notSignedIn.length - SHOWN_DEVICES);
  const list = `${notSignedIn.slice(0, SHOWN_DEVICES).join(', ')}${more === 0 ? '' : `, +${more}`}`;
  return html`<div class="effect" role="status">
    <p class="effect-count"><strong>${signedIn.toLocaleString(document.documentElement.lang)}</strong> ${sayCount(devices === null ? 'drill.agents' : 'drill.agents-named', signedIn, { name, of: devices ?? 0 })}</p>
    <p>${sayCount('drill.lasts', minutes)}</p>
    <p>${alternates.length === 0 ? say('effect.no-alternates') : say('effect.alternates', { names })}</p>
    ${atOtherProxies > 0 && html`<p class="warning">${sayCount('drill.at-other-proxies', atOtherProxies)}</p>`}
    ${notSignedIn.length > 0 && html`<p class="warning">${say('drill.not-there', { list })}</p>`}
  </div>`;
}

/** Whoever types has not finished. */
const TYPING_MS = 250;
const OFFERED = 6;

/** @param {string} text @param {AbortSignal} signal @returns {Promise<readonly Device[] | null>} */
async function findDevices(text, signal) {
  const query = new URLSearchParams({ q: text, limit: '200' });
  /** @type {import('./api.js').Answer<{ devices: readonly Device[] }>} */
  const answer = await ask(`/devices?${query}`, { signal });
  return answer.ok ? answer.body.devices : null;
}

/** Phones that are signed in there, by search. @param {{ service: string, named: readonly string[], onPick: (device: string) => void }} props */
function PickDevice({ service, named, onPick }) {
  const [wanted, setWanted] = useState('');
  const [found, setFound] = useState(/** @type {readonly Device[]} */ ([]));
  const text = wanted.trim();
  useEffect(() => {
    if (text === '') return setFound([]);
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      const devices = await findDevices(text, stop.signal);
      if (devices !== null) setFound(devices.filter((each) => each.service === service));
    }, TYPING_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [text, service]);
  const offered = found.filter(({ device }) => !named.includes(device)).slice(0, OFFERED);
  return html`<label class="field">${say('drill.pick')}<input type="search" value=${wanted} onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ { currentTarget }) => setWanted(currentTarget.value)} /></label>
    ${offered.length > 0 && html`<p class="tools">${offered.map(({ device, agent }) => html`<button type="button" key=${device} onClick=${() => onPick(device)}>+ ${agent === null ? device : `${agent} · ${device}`}</button>`)}</p>`}`;
}

/** @param {{ service: Service }} props */
function EndDrill({ service: { id, name } }) {
  const [fault, setFault] = useState('');
  const [isBusy, setBusy] = useState(false);
  const end = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setBusy(true);
    const answer = await ask(`/drills/${encodeURIComponent(id)}`, { method: 'DELETE' });
    setBusy(false);
    if (!answer.ok) return setFault(answer.message);
    announce(say('drill.ended', { name }));
    close();
  };
  return html`<${Modal} title=${say('drill.end-title', { name })} onClose=${close}>
    <form onSubmit=${end}><p>${say('drill.end-explained')}</p><${Fault} text=${fault} />
      <${OrderButtons} word=${say('drill.end')} isBusy=${isBusy} focus=${true} back=${say('cancel')} onBack=${close} /></form>
  <//>`;
}
