/** In the demonstration: simulated servers are failed, slowed and brought back by buttons. Elsewhere there is nothing of this. */

import { ask, loadAbout } from './api.js';
import { announce } from './follow.js';
import { Badge, Section } from './parts.js';
import { focusPhone } from './phone-device.js';
import { isLive, maySet, serviceOf, state, update } from './store.js';
import { html, useEffect, useState } from './ui.js';
import { say } from './words.js';

/** @typedef {import('./phone-types.d.ts').Demo} Demo */

/** What is asked of them stays for a moment, also when a service changes its state meanwhile. */
export function useDemo() {
  const [demo, setDemo] = useState(/** @type {Demo | null} */ (null));
  const isDemo = state.about?.demo === true && maySet();
  const { told } = state;
  useEffect(() => {
    if (!isDemo) return setDemo(null);
    let isOver = false;
    void ask('/demo').then((answer) => {
      if (!isOver && answer.ok) setDemo(/** @type {Demo} */ (answer.body));
    });
    return () => {
      isOver = true;
    };
  }, [isDemo, told]);
  /** @param {string} server @param {object} order @returns {Promise<boolean>} whether it was carried out */
  const order = async (server, order) => {
    const answer = await ask(`/demo/servers/${encodeURIComponent(server)}`, { method: 'POST', body: order });
    if (answer.ok) setDemo(/** @type {Demo} */ (answer.body));
    return answer.ok;
  };
  return { demo, order };
}

/** In the overview: what there is to steer, and where the phone is. */
export function DemoControls() {
  if (state.about?.demo !== true) return null;
  return html`<section class="panel demo" aria-labelledby="demo-title">
    <h2 id="demo-title">${say('demo.title')}</h2>
    ${maySet() ? html`<p><a class="button" href="#/phone">${say('demo.open-phone')}</a></p><${DemoServers} />` : html`<p>${say('demo.sign-in-explained')}</p><${DemoSignIn} />`}
  </section>`;
}

/** Without a token: the demonstration is on this machine alone, and so is whoever presses this. */
export function DemoSignIn() {
  const [fault, setFault] = useState('');
  if (state.about?.demo !== true) return null;
  const signIn = async () => {
    const answer = await ask('/demo/session', { method: 'POST' });
    if (!answer.ok) return setFault(answer.message);
    await loadAbout();
    announce(say('signed-in'));
    update({ dialog: null });
  };
  return html`<p><button type="button" class="primary" onClick=${signIn}>${say('demo.sign-in')}</button></p>
    ${fault !== '' && html`<p class="fault" role="alert">${fault}</p>`}`;
}

/** A row of buttons for each server. */
export function DemoServers() {
  const { demo, order } = useDemo();
  if (demo === null) return null;
  return demo.servers.map(({ id, name, fault }) => {
    const service = serviceOf(id);
    return html`<fieldset key=${id} class=${fault === 'none' ? 'demo-server' : 'demo-server is-failed'}>
      <legend>${name}</legend>
      <p class="demo-state">${service !== null && html`<${Badge} kind=${service.state} word=${stateWords(service)} />`}</p>
      <div class="demo-buttons">
        ${demo.faults
          .filter((each) => each !== 'none')
          .map(
            (
              each,
            ) => html`<button type="button" key=${each} aria-pressed=${each === fault ? 'true' : 'false'} disabled=${!isLive()}
            onClick=${() => void order(id, { fault: each }).then(focusPhone)}>${say(`demo.fault.${each}`)}</button>`,
          )}
        <button type="button" class="bring-back" disabled=${fault === 'none' || !isLive()} onClick=${() => void order(id, { fault: 'none' }).then(focusPhone)}>${say('demo.bring-back')}</button>
      </div>
      <p class="quiet demo-means" role="status">${isLive() ? say(`demo.means.${fault}`) : say('live.no-orders')}</p>
    </fieldset>`;
  });
}

/** @param {import('./types.d.ts').Service} service */
function stateWords({ state: now, attempt }) {
  const { attempts = 3 } = state.about ?? {};
  return attempt === null ? say(`state.${now}`) : `${say(`state.${now}`)} ${attempt}/${attempts}`;
}

/** Where a phone is signed in; null: nowhere, or it is not known. @param {string | null} device */
function usePlace(device) {
  const [place, setPlace] = useState(/** @type {string | null} */ (null));
  const { told } = state;
  useEffect(() => {
    if (device === null || !isLive()) return;
    const stop = new AbortController();
    void ask(`/devices?q=${encodeURIComponent(device)}&limit=20`, { signal: stop.signal }).then((answer) => {
      if (!answer.ok) return;
      const { devices } = /** @type {{ devices: import('./types.d.ts').Device[] }} */ (answer.body);
      setPlace(devices.find((each) => each.device === device)?.service ?? null);
    });
    return () => stop.abort();
  }, [device, told]);
  return place;
}

/** What to try, in the order in which it shows most: the server that the phone is on is the one to fail. @param {{ device: string | null }} props */
export function DemoSteps({ device }) {
  const { demo } = useDemo();
  const place = usePlace(device);
  if (demo === null) return null;
  const a = demo.servers.find(({ id }) => id === place) ?? demo.servers[0];
  const b = demo.servers.find((server) => server !== a);
  const names = { a: a?.name ?? '', b: b?.name ?? '' };
  return html`<${Section} title=${say('demo.try')}>
    <ol class="demo-steps">
      <li>${say('demo.step.sign-in', { ...demo.agent })}</li>
      <li>${say('demo.step.fail', { ...names, button: say('demo.fault.refuse') })}</li>
      <li>${say('demo.step.watch', names)}</li>
      <li>${say('demo.step.choose', names)}</li>
      <li>${say('demo.step.record', { ...names, button: say('demo.bring-back') })}</li>
    </ol>
  <//>`;
}
