import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_SYSTEM_INFO_BYTES, parseSystemInfo } from '../../src/health/system-info.ts';

const DOCUMENT =
  '<SystemInfo><currentTimestamp>2026-01-05T10:00:00.000Z</currentTimestamp><deploymentType>UCCE</deploymentType>' +
  '<lastCTIHeartbeatStatus>success</lastCTIHeartbeatStatus><ctiMMode></ctiMMode><finesseMMode></finesseMMode>' +
  '<peripheralId>5000</peripheralId><primaryNode><host>fin-a.example.com</host></primaryNode>' +
  '<secondaryNode><host>fin-b.example.com</host><httpsPort>8445</httpsPort></secondaryNode>' +
  '<status>IN_SERVICE</status><statusReason></statusReason><xmppDomain> fin-a.example.com </xmppDomain>' +
  '<xmppPubSubDomain>pubsub.fin-a.example.com</xmppPubSubDomain></SystemInfo>';

const status = async (text: string) => (await parseSystemInfo(text))?.status ?? null;

describe('SystemInfo', () => {
  it('is read with every field that decisions need', async () => {
    expect(await parseSystemInfo(DOCUMENT)).toEqual({
      status: 'IN_SERVICE',
      statusReason: null,
      deploymentType: 'UCCE',
      lastCtiHeartbeatStatus: 'success',
      finesseMMode: null,
      ctiMMode: null,
      peripheralId: '5000',
      primaryHost: 'fin-a.example.com',
      secondaryHost: 'fin-b.example.com',
      xmppDomain: 'fin-a.example.com',
      xmppPubSubDomain: 'pubsub.fin-a.example.com',
    });
  });

  it('needs nothing but status: older releases and single nodes leave elements out or empty', async () => {
    const info = await parseSystemInfo('<SystemInfo><status>IN_SERVICE</status><secondaryNode/></SystemInfo>');
    expect(info).toMatchObject({ status: 'IN_SERVICE', secondaryHost: null, peripheralId: null, xmppDomain: null });
  });

  it.each([
    ['a declaration', `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n${DOCUMENT}\n`],
    ['a byte order mark', `\uFEFF${DOCUMENT}`],
    ['comments around it', `<!-- - -->\n<!-- > -->${DOCUMENT}<!-- -->\n`],
    ['attributes and a namespace', '<SystemInfo xmlns="urn:x" a="1"><status>IN_SERVICE</status></SystemInfo>'],
    ['CDATA', '<SystemInfo><status><![CDATA[IN_SERVICE]]></status></SystemInfo>'],
    ['a space in the end tag', '<SystemInfo><status>IN_SERVICE</status></SystemInfo >'],
  ])('is read with %s', async (_name, text) => {
    expect(await status(text)).toBe('IN_SERVICE');
  });

  it.each([
    ['nothing', ''],
    ['white space', ' \n'],
    ['HTML', '<html><body>IN_SERVICE</body></html>'],
    ['JSON', '{"SystemInfo":{"status":"IN_SERVICE"}}'],
    ['another root', '<Foo><status>IN_SERVICE</status></Foo>'],
    ['another root that holds one', `<Foo>${DOCUMENT}</Foo>`],
    ['the wrong case', DOCUMENT.replaceAll('SystemInfo', 'systemInfo')],
    ['a longer name', '<SystemInfos><status>IN_SERVICE</status></SystemInfos>'],
    ['text before it', `x${DOCUMENT}`],
    ['text after it', `${DOCUMENT}x`],
    ['two of them', DOCUMENT + DOCUMENT],
    ['a second root', `${DOCUMENT}<Foo/>`],
    ['a second root left open', `${DOCUMENT}<Foo>`],
    ['its end tag twice', `${DOCUMENT}</SystemInfo>`],
    ['one in the other', `<SystemInfo><x>${DOCUMENT}</x></SystemInfo>`],
    ['a DOCTYPE', `<!DOCTYPE SystemInfo>${DOCUMENT}`],
    ['an undeclared entity', DOCUMENT.replace('UCCE', '&what;')],
    ['a control character', DOCUMENT.replace('UCCE', 'UC\u0001CE')],
    ['mismatched tags', DOCUMENT.replace('</status>', '</state>')],
    ['no content', '<SystemInfo/>'],
    ['text only', '<SystemInfo>IN_SERVICE</SystemInfo>'],
    ['more than 64 KiB', DOCUMENT.replace('UCCE', 'x'.repeat(MAX_SYSTEM_INFO_BYTES))],
  ])('B3 %s is none', async (_name, text) => {
    expect(await status(text)).toBeNull();
  });

  it.each([
    ['none', '<SystemInfo><a>1</a></SystemInfo>'],
    ['two', '<SystemInfo><status>IN_SERVICE</status><status>IN_SERVICE</status></SystemInfo>'],
    ['one deeper', '<SystemInfo><a><status>IN_SERVICE</status></a></SystemInfo>'],
    ['a nested one', '<SystemInfo><status><b>IN_SERVICE</b></status></SystemInfo>'],
    ['other case', '<SystemInfo><status>in_service</status></SystemInfo>'],
    ['white space', '<SystemInfo><status> IN_SERVICE </status></SystemInfo>'],
  ])('B3 status is compared exactly: %s is not IN_SERVICE', async (_name, text) => {
    const info = await parseSystemInfo(text);
    expect(info).not.toBeNull();
    expect(info?.status).not.toBe('IN_SERVICE');
  });

  it('B3 cut anywhere it is none', async () => {
    for (let length = 0; length < DOCUMENT.length; length++) {
      expect(await parseSystemInfo(DOCUMENT.slice(0, length))).toBeNull();
    }
  });

  it('reads a row of comments, or anything else of 64 KiB, without long thought', async () => {
    // Found here: a row of comments could be divided in exponentially many ways, and the process stood still.
    for (const text of [
      '<!---->'.repeat(9000),
      `<!--${' '.repeat(65_000)}`,
      '<SystemInfo>'.repeat(5000),
      '<!-- '.repeat(13_000),
    ]) {
      expect(await parseSystemInfo(text)).toBeNull();
      expect(await status(text.slice(0, 56_000) + DOCUMENT)).toBe(text.startsWith('<!---->') ? 'IN_SERVICE' : null);
    }
  });

  it('never throws, and no property of an object is mistaken for an element', async () => {
    const name = fc.constantFrom('__proto__', 'constructor', 'toString', 'status', 'primaryNode', 'host', 'xmppDomain');
    const element = fc.tuple(name, fc.string({ maxLength: 8 })).map(([tag, content]) => `<${tag}>${content}</${tag}>`);
    await fc.assert(
      fc.asyncProperty(fc.array(element, { maxLength: 5 }), async (elements) => {
        const info = await parseSystemInfo(`<SystemInfo>${elements.join('')}</SystemInfo>`);
        for (const value of Object.values(info ?? {})) expect(value === null || typeof value === 'string').toBe(true);
      }),
    );
  });
});
