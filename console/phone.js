/** The view of the phone in the browser: opening one, the phone itself, what it asked for, and in the demonstration what fails. */

import { ask } from './api.js';
import { DemoServers, DemoSignIn, DemoSteps, useDemo } from './demo.js';
import { announce } from './follow.js';
import { OutagePanels } from './outage-panel.js';
import { Badge, Heading, Own, Section } from './parts.js';
import { PhoneDevice } from './phone-device.js';
import { isSignedIn, maySet, state, update } from './store.js';
import { Moment } from './time.js';
import { html, useEffect, useRef, useState } from './ui.js';
import { currentLanguage, say } from './words.js';

/** @typedef {import('./phone-types.d.ts').Phones} Phones */
/** @typedef {import('./phone-types.d.ts').PhoneState} PhoneState */
/** @typedef {import('./phone-types.d.ts').PhoneModel} PhoneModel */

const KEPT = 'ippa-console-phone-model';
const USUAL = 'CP-8845';
const MOST = 2;

export function PhoneView() {
  return html`<${Heading} title=${say('nav.phone')} text=${say('phone.intro')} />
    ${maySet() ? html`<${MyPhones} />` : html`<${NotAllowed} />`}`;
}

function NotAllowed() {
  if (isSignedIn()) return html`<p class="panel">${say('phone.needs-set')}</p>`;
  if (state.about?.demo === true) {
    return html`<div class="panel"><p>${say('demo.sign-in-explained')}</p><${DemoSignIn} /></div>`;
  }
  return html`<div class="panel"><p>${say('phone.needs-sign-in')}</p>
    ${state.about?.canSignIn && html`<p><button type="button" class="primary" onClick=${() => update({ dialog: { kind: 'sign-in' } })}>${say('sign-in')}</button></p>`}</div>`;
}

function MyPhones() {
  const [offer, setOffer] = useState(/** @type {Phones | null} */ (null));
  const [shown, setShown] = useState(/** @type {readonly PhoneState[]} */ ([]));
  const [ended, setEnded] = useState('');
  /** Those that were opened here just now begin with the focus. */
  const opened = useRef(/** @type {Set<string>} */ (new Set()));
  useEffect(() => {
    void ask('/phones').then((answer) => {
      if (!answer.ok) return;
      const found = /** @type {Phones} */ (answer.body);
      setOffer(found);
      setShown(found.phones);
    });
  }, []);
  if (offer === null) return null;
  if (!offer.offered) return html`<p class="panel">${say('phone.off')}</p>`;
  /** @param {string} device @param {string} because */
  const over = (device, because) => {
    setShown((phones) => phones.filter((phone) => phone.device !== device));
    const words = because === 'operator' ? '' : say(`phone.ended.${because}`);
    setEnded(words);
    if (words !== '') announce(words);
  };
  return html`<div class="phone-view">
    <div class="phone-main">
      ${ended !== '' && html`<p class="note" role="status">${ended}</p>`}
      ${shown.map((phone) => html`<${OnePhone} key=${phone.device} first=${phone} offer=${offer} isNew=${opened.current.has(phone.device)} onEnd=${(/** @type {string} */ because) => over(phone.device, because)} />`)}
      ${
        shown.length < MOST &&
        html`<${OpenPhone} key=${`open-${shown.length}`} offer=${offer} isFirst=${shown.length === 0} onOpen=${(
          /** @type {PhoneState} */ phone,
        ) => {
          setEnded('');
          opened.current.add(phone.device);
          setShown((phones) => [...phones, phone]);
        }} />`
      }
    </div>
    <div class="phone-side">
      <${DemoSteps} device=${shown[0]?.device ?? null} />
      ${state.about?.demo === true && html`<${Section} title=${say('demo.servers')}><${DemoServers} /><//>`}
      <${OutagePanels} />
      ${state.about?.demo !== true && html`<${Services} />`}
    </div>
  </div>`;
}

/** @param {{ offer: Phones, isFirst: boolean, onOpen: (phone: PhoneState) => void }} props */
function OpenPhone({ offer: { entries, models }, isFirst, onOpen }) {
  const kept = localStorage.getItem(KEPT) ?? USUAL;
  const [model, setModel] = useState(models.some(({ name }) => name === kept) ? kept : USUAL);
  const [entry, setEntry] = useState(entries[0]?.id ?? '');
  const [fault, setFault] = useState('');
  const [isBusy, setBusy] = useState(false);
  const open = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setBusy(true);
    const answer = await ask('/phones', { method: 'POST', body: { model, entry, language: currentLanguage() } });
    setBusy(false);
    if (!answer.ok) return setFault(answer.message);
    localStorage.setItem(KEPT, model);
    onOpen(/** @type {PhoneState} */ (answer.body));
  };
  const form = html`<form class="panel open-phone" onSubmit=${open}>
    ${isFirst && html`<h2>${say('phone.open-title')}</h2>`}
    <label class="field">${say('phone.model')}<select name="model" value=${model} onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ { currentTarget }) => setModel(currentTarget.value)}>
      ${models.map(({ name, colour, columns }) => html`<option key=${name} value=${name}>${`${name} · ${say(colour ? 'phone.colour' : 'phone.grey')}, ${say('phone.columns', { n: columns })}`}</option>`)}</select></label>
    <label class="field">${say('phone.entry')}<select name="entry" value=${entry} onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ { currentTarget }) => setEntry(currentTarget.value)}>
      ${entries.map(({ id, kind, name, url }) => html`<option key=${id} value=${id}>${`${say(`phone.entry.${kind}`, { name })} · ${url}`}</option>`)}</select></label>
    <p class="fault" role="alert">${fault}</p>
    <p><button type="submit" class="primary" disabled=${isBusy || entry === ''}>${say('phone.open')}</button></p>
  </form>`;
  return isFirst ? form : html`<details><summary>${say('phone.open-another')}</summary>${form}</details>`;
}

/** @param {{ first: PhoneState, offer: Phones, isNew: boolean, onEnd: (because: string) => void }} props */
function OnePhone({ first, offer, isNew, onEnd }) {
  const [phone, setPhone] = useState(first);
  const { device } = first;
  const model = /** @type {PhoneModel} */ (offer.models.find(({ name }) => name === first.model) ?? offer.models[0]);
  const close = async () => {
    await ask(`/phones/${encodeURIComponent(device)}`, { method: 'DELETE' });
    onEnd('operator');
  };
  return html`<${PhoneDevice} first=${first} isNew=${isNew} model=${model} language=${currentLanguage()} onEnd=${onEnd} onState=${setPhone}>
    <div class="phone-tools">
      <button type="button" onClick=${close}>${say('phone.close')}</button>
      <${DemoCall} device=${device} />
      <span class="quiet phone-hint">${say('phone.keys-hint')}</span>
    </div>
    <${Report} phone=${phone} />
  <//>`;
}

/** The simulated servers know whom they have: the one where the phone is signed in takes the order. @param {{ device: string }} props */
function DemoCall({ device }) {
  const { demo, order } = useDemo();
  const [isCalled, setCalled] = useState(false);
  const [fault, setFault] = useState('');
  if (demo === null) return null;
  const call = async () => {
    const change = isCalled ? 'ends' : 'begins';
    const done = await Promise.all(demo.servers.map(({ id }) => order(id, { call: change, device })));
    setFault(done.includes(true) ? '' : say('demo.nobody'));
    setCalled(!isCalled && done.includes(true));
  };
  return html`<button type="button" onClick=${call}>${say(isCalled ? 'demo.call-ends' : 'demo.call-begins')}</button>
    ${fault !== '' && html`<span class="quiet" role="status">${fault}</span>`}`;
}

/** What the phone itself does not say: why, what it asked for, whether it can be pushed to. @param {{ phone: PhoneState }} props */
function Report({ phone: { refused, reason, violations, pushes, fetched } }) {
  return html`<div class="phone-report">
    ${refused !== null ? html`<p class="warning" role="alert">${say('phone.refused', { what: refused })}</p>` : reason !== null && html`<p class="warning"><${Own} text=${reason} /></p>`}
    <p>${pushes.address === null ? say(`phone.no-pushes.${pushes.because}`) : say('phone.pushes', { address: pushes.address, n: pushes.received })}
      ${pushes.last !== null && html` ${say('phone.last-push')} <${Moment} at=${pushes.last.at} /> <span class="quiet">${pushes.last.object ?? ''}</span>`}</p>
    ${violations.length > 0 && html`<details><summary>${say('phone.violations')}</summary><ul>${violations.map((violation) => html`<li key=${violation}><${Own} text=${violation} /></li>`)}</ul></details>`}
    <h3>${say('phone.fetched')}</h3>
    <ol class="fetched">${fetched.map(
      (
        { at, method, url, status, object, error, ms },
        index,
      ) => html`<li key=${`${at} ${index}`}><${Moment} at=${at} /> <span class="fetched-url">${method === 'GET' ? '' : `${method} `}${url}</span>${' '}
        <span class=${error === null ? 'quiet' : 'warning'}>${error ?? object ?? ''} · ${status ?? say('phone.no-answer')} · ${ms} ms</span></li>`,
    )}</ol>
  </div>`;
}

/** How the servers are, beside the phone. */
function Services() {
  const { health } = state;
  return html`<${Section} title=${say('phone.services-now')}>
    <ul class="phone-services">${health?.services.map((service) => html`<li key=${service.id}><strong>${service.name}</strong> <${Badge} kind=${service.state} word=${say(`state.${service.state}`)} /></li>`)}</ul>
  <//>`;
}
