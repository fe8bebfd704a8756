/** `ippa-proxy unified-cm --config FILE`: what to enter in Unified CM, field by field (reference/finesse-ippa.md §2–§4). */

import type { Config, ListenerConfig } from '../config/config.ts';
import { loadConfig, renderProblems } from '../config/load.ts';
import {
  asciiName,
  DEVICE,
  FIXED,
  type PhoneService,
  phoneServices,
  renderPhoneServicesCsv,
  SIGN_IN_PARAMETERS,
  type StandIn,
  standInsOf,
} from '../unified-cm/phone-services.ts';
import type { Output } from './output.ts';

/** Exit code 2 for a wrong configuration, else 0. */
export async function runUnifiedCm(file: string, { csv }: { readonly csv?: boolean }, output: Output): Promise<0 | 2> {
  const loaded = await loadConfig(file);
  if (!loaded.ok) {
    output.stderr(renderProblems(loaded.problems));
    return 2;
  }
  output.stdout((csv === true ? renderPhoneServicesCsv : renderUnifiedCm)(loaded.config));
  return 0;
}

/** The whole text. Pure. */
export function renderUnifiedCm(config: Config): string {
  const { proxied, direct } = phoneServices(config);
  const lines = [
    'What to enter in Cisco Unified CM Administration for this configuration',
    '=======================================================================',
    '',
    ...renderReach(config),
    ...renderPhones(config),
    '',
    ...renderCertificate(config),
    '',
    '3. Phone services: Device > Device Settings > Phone Services > Add New',
    '   Agents need one entry. The front door leads them to a server that is in service; an entry for one service',
    '   lets them choose. Enter those you want.',
    ...proxied.flatMap((service) => ['', ...renderService(service)]),
    ...renderStandIns(standInsOf(config)),
    '',
    ...renderParameters(),
    '',
    '5. The way out, should the proxy itself fail: keep these direct services (or add them), subscribed but not used',
    ...direct.flatMap((service) => ['', ...renderService(service)]),
    '',
    ...renderAfterwards(),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function renderReach(config: Config): string[] {
  const unreachable = config.phones.listeners.filter(({ publicUrl }) => publicUrl === null);
  if (unreachable.length === 0) return [];
  return [
    `Listeners without publicUrl (${unreachable.map(({ host, port }) => `${host} port ${port}`).join(', ')}) cannot be reached by phones: set it first.`,
    '',
  ];
}

function renderPhones({ push }: Config): string[] {
  return [
    '1. Phones: Device > Phone, or System > Enterprise Phone Configuration',
    '   Web Access                    Enabled',
    '   HTTPS Server                  HTTPS Only (Finesse before 12.5 also needs HTTP: HTTP and HTTPS)',
    '   Finesse pushes changed screens to the web server of the phone as a user of Unified CM (User Management >',
    '   Application User: groups Standard CTI Enabled and Standard CTI Allow Control Of All Devices, agent phones as',
    '   Controlled Devices). The same user is entered in cfadmin > Settings > IP Phone Agent Settings. Nothing of this',
    '   changes with the proxy.',
    ...renderPushes(push),
  ];
}

function renderPushes(push: Config['push']): string[] {
  const listeners = push?.listeners ?? [];
  const ports = listeners.map(({ port, tls }) => `${port} (${tls === null ? 'HTTP' : 'HTTPS'})`).join(', ');
  return [
    listeners.length === 0
      ? '   If screens do not change by themselves, pushes do not reach the phones: docs/pushes.md says what to configure.'
      : `   Finesse may push to this proxy: ports ${ports}. The proxy posts to the phones, by the same scheme.`,
    ...(push === null || push.own === null
      ? []
      : [
          `   The proxy itself pushes as the user ${push.own.username}, who needs the same groups and Controlled Devices.`,
        ]),
  ];
}

function renderCertificate(config: Config): string[] {
  const encrypted = config.phones.listeners.filter(({ tls }) => tls !== null);
  const heading = '2. Certificate: Cisco Unified OS Administration > Security > Certificate Management > Upload';
  if (encrypted.length === 0) {
    return [heading, '   Nothing to upload: no listener has tls. Phones then send passwords in the clear.'];
  }
  const uploads = Map.groupBy(encrypted, ({ tls }) => tls?.cert ?? '');
  const hostOf = ({ publicUrl, host }: ListenerConfig) => (publicUrl === null ? host : new URL(publicUrl).hostname);
  return [
    heading,
    '   Certificate Purpose           Phone-trust (on every node of Unified CM)',
    ...[...uploads].flatMap(([cert, listeners]) => [
      `   Upload File                   ${cert}, or the CA that signed it`,
      `   It must name                  ${[...new Set(listeners.map(hostOf))].join(', ')}`,
    ]),
    '   Phones that do not trust it say "Host not found". If it is an ECDSA certificate, Unified CM must use ECDSA too.',
    ...encrypted.flatMap(({ tls, publicUrl, host }) =>
      tls?.profile === 'legacy'
        ? [
            `   Phones of the 7900 series speak TLS 1.0 alone: give them services of their own, with ${publicUrl ?? host}.`,
          ]
        : [],
    ),
  ];
}

function renderStandIns(standIns: readonly StandIn[]): string[] {
  return standIns.flatMap(({ service, publicUrl, host }) => [
    '',
    `   ${publicUrl}   stands for service ${service.id} (${service.name}) under Finesse's own name`,
    `     Nothing to enter: phone services with ${publicUrl}/fippa/${DEVICE} stay as they are, once`,
    `     phones resolve ${host} to this proxy. The proxy itself must go on resolving it to Finesse.`,
  ]);
}

function renderService(service: PhoneService): string[] {
  const [plain, encrypted] = [service.plain[0] ?? null, service.encrypted[0] ?? null];
  const others = [...service.plain.slice(1), ...service.encrypted.slice(1)];
  const field = (name: string, value: string) => `     ${name.padEnd(27)} ${value}`;
  return [
    `   ${service.heading}`,
    ...(service.note === null ? [] : [`     ${service.note}`]),
    field('Service Name', service.name),
    field('ASCII Service Name', asciiName(service.name)),
    field('Service Description', service.description),
    field('Service URL', plain ?? `${encrypted}`),
    ...(plain === null
      ? [field('', '(there is no plain listener; the field must not be empty, so the same again)')]
      : []),
    field('Secure-Service URL', encrypted ?? 'leave it empty'),
    ...(encrypted === null
      ? [field('', '(no listener has tls; if Unified CM insists, enter the Service URL again)')]
      : []),
    ...FIXED.map(([name, value]) => field(name, value)),
    field('Service Vendor', 'leave it empty'),
    field('Service Version', 'leave it empty'),
    field('Enable', 'ticked'),
    field('Enterprise Subscription', 'not ticked (One Button Sign In does not work with it)'),
    ...others.map((url) => field('also reachable as', url)),
  ];
}

function renderParameters(): string[] {
  const rows = [
    ['Parameter Name', 'Display Name', 'Required', 'Parameter is a Password (mask contents)'],
    ...SIGN_IN_PARAMETERS.map(({ name, displayName, isPassword }) => [
      name,
      displayName,
      'no',
      isPassword ? 'yes' : 'no',
    ]),
  ];
  const render = (row: readonly string[]) => `   ${row.map((cell, i) => (i < 3 ? cell.padEnd(17) : cell)).join('')}`;
  return [
    '4. One Button Sign In (optional): New beside Parameters, in every service above',
    ...rows.map(render),
    '   The names are these exactly, in lower case. Leave out those that agents are to type. Tick Required only where every',
    '   subscription will hold a value. Masking hides the password in the portal, not on the network.',
  ];
}

function renderAfterwards(): string[] {
  return [
    '6. Then',
    '   - Subscribe the phones: Device > Phone > Related Links > Subscribe/Unsubscribe Services, or each user in the',
    '     Self Care Portal. The values of the parameters are entered there.',
    '   - After any later change of a URL or a parameter: Update Subscriptions in the phone service.',
    '   - Choose the service on one phone, sign in, sign out, press Exit.',
    '   docs/unified-cm.md explains each step, and what Cisco does not support.',
  ];
}
