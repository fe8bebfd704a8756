/** What stands on the screen of a phone in the browser: title, pane, prompt line. The keys below it are in phone-device.js. */

import { html } from './ui.js';
import { say } from './words.js';

/** @typedef {import('./phone-types.d.ts').PhoneState} PhoneState */

/**
 * @typedef {object} ScreenProps
 * @property {PhoneState} phone
 * @property {number} marked number of the marked item, from 1 on
 * @property {Readonly<Record<string, string>>} values what was typed since the page came
 * @property {string} clock
 * @property {number | null} countdown seconds until the next Refresh
 * @property {(number: number) => void} onChoose
 * @property {(name: string, kind: string, text: string) => void} onType
 */

/** @param {ScreenProps} props */
export function PhoneScreen({ phone, clock, countdown, ...rest }) {
  const prompt = phone.prompt === '' ? say(phone.object === null ? 'phone.choose-service' : 'none') : phone.prompt;
  return html`<div class=${phone.busy ? 'lcd is-busy' : 'lcd'}>
    <p class="lcd-status" aria-hidden="true"><span>${phone.device.slice(-4)}</span><span>${clock}</span></p>
    <h2 class="lcd-title" id=${`title-${phone.device}`}>${phone.title === '' ? say('none') : phone.title}</h2>
    <div class="lcd-pane" tabindex="0" role="group" aria-labelledby=${`title-${phone.device}`}>
      <${Pane} phone=${phone} ...${rest} />
    </div>
    <p class=${phone.error === null ? 'lcd-prompt' : 'lcd-prompt is-error'}><span>${prompt}</span>
      <span class="lcd-count" aria-hidden="true">${phone.busy ? '…' : countdown === null ? '' : `${countdown} s`}</span></p>
  </div>`;
}

/** @param {Omit<ScreenProps, 'clock' | 'countdown'>} props */
function Pane({ phone, marked, values, onChoose, onType }) {
  if (phone.inputs.length > 0) {
    return phone.inputs.map(
      ({ name, label, value, masked, kind }, index) => html`<label key=${`${phone.page} ${name}`} class="lcd-field">
        <span>${label}</span>
        <input type=${masked ? 'password' : 'text'} name=${`phone-${index}`} value=${values[name] ?? value} maxlength="128"
          inputmode=${kind === 'N' || kind === 'T' ? 'numeric' : 'text'} autocomplete="off" autocapitalize="off" spellcheck=${false}
          data-1p-ignore data-lpignore="true" data-index=${index}
          onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ { currentTarget }) => onType(name, kind, currentTarget.value)} /></label>`,
    );
  }
  return html`
    ${phone.text !== '' && html`<p class="lcd-text">${phone.text}</p>`}
    ${
      phone.items.length > 0 &&
      html`<ol class="lcd-items">${phone.items.map(
        (item, index) => html`<li key=${`${phone.page} ${index}`}>
        <button type="button" class=${index + 1 === marked ? 'lcd-item is-marked' : 'lcd-item'} data-number=${index + 1}
          aria-current=${index + 1 === marked ? 'true' : undefined} onClick=${() => onChoose(index + 1)}>
          <span class="lcd-number">${index + 1}</span><span class="lcd-name">${item}</span></button></li>`,
      )}</ol>`
    }`;
}
