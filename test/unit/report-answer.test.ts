import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type ReportNodeStatus, UNKNOWN_NODE } from '../../src/domain/report-node.ts';
import { decideReply, type ReportRequest, type ReportsNow } from '../../src/reports/answer.ts';
import { START } from '../fake-clock.ts';

const A: ReportNodeStatus = {
  ...UNKNOWN_NODE,
  ...{ id: 'a', name: 'Reports <A>', url: 'https://cuic-a.example.com:8444', site: 'east', isNear: true },
  ...{ state: 'up', since: START, lastProbeAt: START, latencyMs: 3 },
};
const B: ReportNodeStatus = {
  ...A,
  id: 'b',
  name: 'Reports B',
  url: 'https://cuic-b.example.com:8444',
  site: 'west',
  isNear: false,
};
const down = (node: ReportNodeStatus, code: 'refused' | 'report-status' | 'report-certificate'): ReportNodeStatus => {
  return { ...node, state: 'down', failure: { code, detail: '10.1.2.3:8444' } };
};
const ask = (request: Partial<ReportRequest> = {}, now: Partial<ReportsNow> = {}) =>
  decideReply(
    { method: 'GET', target: '/', accept: undefined, acceptLanguage: undefined, ...request },
    { nodes: [A, B], home: '/cuicui/Main.jsp', islands: [], ...now },
  );

describe('what a browser gets', () => {
  it('B392 is led to the node by 302, which nobody may keep', () => {
    const reply = ask({ target: '/cuicui/permalink/?viewId=1&viewType=Grid' });
    expect(reply.status).toBe(302);
    expect(reply.headers.Location).toBe('https://cuic-a.example.com:8444/cuicui/permalink/?viewId=1&viewType=Grid');
    expect(reply.headers['Cache-Control']).toBe('no-store');
    expect(ask({ method: 'HEAD' }).headers.Location).toBe('https://cuic-a.example.com:8444/cuicui/Main.jsp');
  });

  it('B393 gets 404 for anything else, and 405 for other methods', () => {
    expect(ask({ target: '/oamp' })).toMatchObject({ status: 404, answer: 'refused' });
    const posted = ask({ method: 'POST' });
    expect([posted.status, posted.headers.Allow]).toEqual([405, 'GET, HEAD']);
  });

  it('B394 gets a page with what is known when no node is up, that looks again by itself', () => {
    const nodes = [
      down(A, 'refused'),
      down(B, 'report-status'),
      { ...B, ...UNKNOWN_NODE },
      down(B, 'report-certificate'),
    ];
    const reply = ask({ target: '/cuicui/x?a="><b>&c=1' }, { nodes });
    expect(reply.status).toBe(503);
    expect(reply.headers.Refresh).toBe('10');
    expect(reply.body).toContain('Reports &lt;A&gt;');
    expect(reply.body).toContain('href="https://cuic-a.example.com:8444/cuicui/x?a=&quot;&gt;&lt;b&gt;&amp;c=1"');
    for (const words of ['no connection', 'do not run there', 'not asked yet', 'not trusted here']) {
      expect(reply.body).toContain(words);
    }
    // Addresses and the reason are for operators.
    expect(reply.body).not.toContain('10.1.2.3');
  });

  it.each([
    ['de-AT,de;q=0.9,en;q=0.5', 'de', 'Im Moment keine Berichte'],
    ['fr, de;q=0.3, en;q=0.2', 'de', 'Im Moment keine Berichte'],
    [undefined, 'en', 'No reports at the moment'],
  ])('B394 in the language of %s', (acceptLanguage, lang, title) => {
    const { body } = ask({ acceptLanguage }, { nodes: [down(A, 'refused')] });
    expect(body).toContain(`<html lang="${lang}">`);
    expect(body).toContain(title);
  });

  it('B394 pages run no script: the policy allows their own style sheet and nothing else', () => {
    const { headers, body } = ask({}, { nodes: [down(A, 'refused')] });
    const style = /<style>(.*?)<\/style>/s.exec(body)?.[1] ?? '';
    const digest = createHash('sha256').update(style).digest('base64');
    expect(headers['Content-Security-Policy']).toBe(
      `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(body).not.toMatch(/<script|style=| on\w+=/i);
  });

  const islands = [{ site: 'west & co', since: START }];
  it('B395 is warned in island mode, with the link of this side', () => {
    const { status, body, answer } = ask({ target: '/cuicui/x', accept: 'text/html,*/*;q=0.8' }, { islands });
    expect([status, answer]).toEqual([200, 'island']);
    expect(body).toContain('figures of the two sides differ');
    expect(body).toContain('west &amp; co');
    expect(body).toContain('href="https://cuic-a.example.com:8444/cuicui/x"');
    expect(body).not.toContain('cuic-b');
    expect(ask({ acceptLanguage: 'de' }, { islands }).body).toContain('Zahlen der beiden Seiten');
  });

  it('B395 is told when only the other side has reports', () => {
    const { body } = ask({}, { islands, nodes: [down(A, 'refused'), B] });
    expect(body).toContain('On this side no server for reports answers. Open those of west: Reports B');
    expect(body).not.toContain('of this side: ');
  });

  it('B395 who takes no page is led on all the same, and without a node of this side there is nothing to warn of', () => {
    expect(ask({ accept: 'application/xml' }, { islands }).status).toBe(302);
    expect(ask({}, { islands, nodes: [down(A, 'refused')] }).status).toBe(503);
  });
});
