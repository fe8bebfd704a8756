/** What all contestants are given: the same page, the same phones, the same names. */

export const SERVERS = { a: 'finesse-a.example.com', b: 'finesse-b.example.com' } as const;
export type ServerId = keyof typeof SERVERS;
export const FINESSE_PORT = 8082;

/** A page of a signed-in agent: 1.5 KB with eight URLs of its Finesse server. */
export function phonePage(server: ServerId): string {
  const at = (path: string) => `http://${SERVERS[server]}:${FINESSE_PORT}/fippa/SEP001122334455/${path}`;
  const items = ['wrapup?code=1', 'reason?code=2', 'reason?code=3', 'queues?page=1&amp;sort=name'].map(
    (path, index) =>
      `  <MenuItem>\n    <Name>${index + 1} Not Ready: reason ${index + 1}</Name>\n    <URL>${at(path)}</URL>\n  </MenuItem>\n`,
  );
  const keys = ['ready', 'notready', 'refresh', 'logout'].map(
    (path, index) =>
      `  <SoftKeyItem>\n    <Name>${path}</Name>\n    <Position>${index + 1}</Position>\n    <URL>${at(path)}</URL>\n  </SoftKeyItem>\n`,
  );
  const head = '<?xml version="1.0" encoding="UTF-8"?>\n<CiscoIPPhoneMenu>\n  <Title>Agent 1001 (1001)</Title>\n';
  const prompt = '  <Prompt>Extension 2001, state: Not Ready since 10:42</Prompt>\n';
  return `${head}${prompt}${items.join('')}${keys.join('')}</CiscoIPPhoneMenu>\n`;
}

/** What SystemInfo says of a server in service; its peer is the other one. */
export function systemInfo(server: ServerId): string {
  const peer = server === 'a' ? 'b' : 'a';
  return [
    '<SystemInfo><deploymentType>UCCE</deploymentType><lastCTIHeartbeatStatus>success</lastCTIHeartbeatStatus>',
    '<peripheralId>5000</peripheralId>',
    `<primaryNode><host>${SERVERS[server]}</host></primaryNode><secondaryNode><host>${SERVERS[peer]}</host></secondaryNode>`,
    `<status>IN_SERVICE</status><xmppDomain>${SERVERS[server]}</xmppDomain></SystemInfo>`,
  ].join('');
}

/** Device names, all of one length, so that all answers are. */
export function deviceName(index: number): string {
  return `SEP${index.toString(16).toUpperCase().padStart(12, '0')}`;
}

/** The headers of an 8845, as observed (reference/phone-xml.md §4). */
export function requestHead(path: string, port: number, keepAlive: boolean): string {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'User-Agent: Cisco-Phone/14.2',
    'Accept: x-CiscoIPPhone/*, text/*,image/png,*/*',
    'Accept-Language: en-US',
    'Accept-Charset: utf-8,iso-8859-1;q=0.8',
    'x-CiscoIPPhoneModelName: CP-8845',
    'x-CiscoIPPhoneSDKVersion: 8.5.1',
    'x-CiscoIPPhoneDisplay: 559,265,24,C',
    `Connection: ${keepAlive ? 'keep-alive' : 'close'}`,
    '\r\n',
  ].join('\r\n');
}
