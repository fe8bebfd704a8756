import { describe, expect, it } from 'vitest';
import { createPresenceTracker, parseNotification } from '../../src/notification/payload.ts';
import { parseXmlDocument } from '../../src/xmpp/stream.ts';
import { systemInfoUpdate } from '../xmpp-user.ts';

const PUBSUB = 'pubsub.finesse-a.example.com';
const escapeText = (xml: string) => xml.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const item = (text: string) =>
  `<item id="1"><notification xmlns="http://jabber.org/protocol/pubsub">${text}</notification></item>`;

function read(items: string, { node = '/finesse/api/SystemInfo', from = PUBSUB } = {}) {
  const event = `<event xmlns="http://jabber.org/protocol/pubsub#event"><items node="${node}">${items}</items></event>`;
  const message = parseXmlDocument(`<message from="${from}" xmlns="jabber:client">${event}</message>`);
  if (message === null) throw new Error('the test wrote bad XML');
  return parseNotification(message, PUBSUB);
}

describe('a notification', () => {
  const inService = systemInfoUpdate('IN_SERVICE');
  it.each([
    ['as Finesse writes it: escaped XML', escapeText(inService)],
    ['with the capital of REST', escapeText(inService.replaceAll('systemInfo', 'SystemInfo'))],
    ['with a declaration and white space', escapeText(`\n<?xml version="1.0" encoding="UTF-8"?>\n${inService}\n`)],
    [
      'with unknown elements everywhere',
      escapeText(inService.replace('<data>', '<x><status>OUT_OF_SERVICE</status></x><data><y/>')),
    ],
    [
      'with a whole SystemInfo',
      escapeText(
        inService.replace('<status>', '<license>PREMIUM</license><status> ').replace('</status>', '\n</status>'),
      ),
    ],
    ['in CDATA', `<![CDATA[${inService}]]>`],
    ['that is not escaped', inService],
  ])('%s', (_, text) => {
    expect(read(item(text))).toEqual({ statuses: ['IN_SERVICE'], ignored: [] });
  });

  it('of several items says each in its order', () => {
    const items = ['OUT_OF_SERVICE', 'garbage', 'IN_SERVICE'].map((status) =>
      item(escapeText(systemInfoUpdate(status))),
    );
    expect(read(items.join(''))).toEqual({ statuses: ['OUT_OF_SERVICE', 'IN_SERVICE'], ignored: ['no-status'] });
  });

  it.each([
    ['text that is no XML', item('IN_SERVICE'), 'unreadable'],
    ['XML that ends early', item(escapeText('<Update><data><systemInfo><status>IN_SERVICE')), 'unreadable'],
    ['a document type', item(escapeText(`<!DOCTYPE x [<!ENTITY a "b">]>${inService}`)), 'unreadable'],
    ['an entity of its own', item(escapeText(inService.replace('IN_SERVICE', '&a;'))), 'unreadable'],
    ['nothing', item(''), 'no-status'],
    [
      'another object',
      item(escapeText('<Update><data><user><state>READY</state></user></data></Update>')),
      'no-status',
    ],
    ['another status', item(escapeText(systemInfoUpdate('in_service'))), 'no-status'],
    ['elements nested without end', item(escapeText('<a>'.repeat(1000))), 'unreadable'],
    ['far too much', item('x'.repeat(60_000)), 'unreadable'],
    ['a retraction', '<retract id="1"/>', 'no-status'],
  ])('ignored: %s', (_, items, because) => {
    expect(read(items)).toEqual({ statuses: [], ignored: [because] });
  });

  it('ignored: another node, another sender, no event', () => {
    const good = item(escapeText(inService));
    expect(read(good, { node: '/finesse/api/User/1001' }).ignored).toEqual(['wrong-node']);
    expect(read(good, { from: 'mallory@finesse-a.example.com/x' }).ignored).toEqual(['wrong-sender']);
    expect(read(good, { from: PUBSUB.toUpperCase() }).statuses).toEqual(['IN_SERVICE']);
    const message = parseXmlDocument(`<message from="${PUBSUB}"><body>IN_SERVICE</body></message>`);
    expect(message !== null && parseNotification(message, PUBSUB).ignored).toEqual(['no-event']);
  });
});

describe('the presence of finesse', () => {
  const presences = (...stanzas: string[]) => {
    const tracker = createPresenceTracker('finesse@example.com');
    return stanzas.map((xml) =>
      tracker.read(parseXmlDocument(xml) ?? { name: '', namespace: '', attributes: new Map(), children: [], text: '' }),
    );
  };

  it('is that of any of its resources', () => {
    expect(
      presences(
        "<presence from='finesse@example.com/a'/>",
        "<presence from='Finesse@EXAMPLE.com/b'/>",
        "<presence from='finesse@example.com/a' type='unavailable'/>",
        "<presence from='finesse@example.com/b' type='unavailable'/>",
        "<presence from='finesse@example.com/c'/>",
        "<presence from='finesse@example.com' type='unavailable'/>",
      ),
    ).toEqual([true, true, true, false, true, false]);
  });

  it('is neither another user’s nor an answer to a subscription', () => {
    expect(
      presences(
        "<presence from='1001@example.com/a' type='unavailable'/>",
        "<presence from='finesse@example.com' type='subscribe'/>",
        "<presence from='finesse@example.com' type='unsubscribed'/>",
        "<presence from='finesse@example.com' type='error'/>",
        "<presence type='unavailable'/>",
      ),
    ).toEqual([null, null, null, null, null]);
  });
});
