import { describe, expect, it } from 'vitest';
import {
  type ReportNodeStatus,
  type ReportOutcome,
  reduceReportNode,
  selectProbeInterval,
  selectReportNode,
  UNKNOWN_NODE,
} from '../../src/domain/report-node.ts';
import { selectReportTarget } from '../../src/domain/report-target.ts';

const UP: ReportOutcome = { kind: 'up' };
const DOWN: ReportOutcome = { kind: 'down', failure: { code: 'refused', detail: 'ECONNREFUSED' } };
const SETTINGS = { rise: 2, fall: 3 };

/** The node after these outcomes, a second apart, the first at 1000. */
const after = (...outcomes: ReportOutcome[]) =>
  outcomes.reduce(
    (node, outcome, index) => reduceReportNode(node, { at: 1000 * (index + 1), latencyMs: 7, outcome }, SETTINGS),
    UNKNOWN_NODE,
  );

describe('the state of a node', () => {
  it('B391 the first probe decides alone', () => {
    expect(after(UP)).toEqual({
      state: 'up',
      since: 1000,
      failure: null,
      lastProbeAt: 1000,
      latencyMs: 7,
      against: 0,
    });
    expect(after(DOWN)).toMatchObject({ state: 'down', since: 1000, failure: { code: 'refused' } });
  });

  it('B391 then so many in a row do, and one that agrees with the state begins the count anew', () => {
    expect(after(UP, DOWN, DOWN)).toMatchObject({ state: 'up', since: 1000, against: 2, failure: { code: 'refused' } });
    expect(after(UP, DOWN, DOWN, DOWN)).toMatchObject({ state: 'down', since: 4000, against: 0 });
    expect(after(UP, DOWN, DOWN, UP, DOWN, DOWN)).toMatchObject({ state: 'up', against: 2 });
    expect(after(DOWN, UP)).toMatchObject({ state: 'down', failure: null, against: 1 });
    expect(after(DOWN, UP, UP)).toMatchObject({ state: 'up', since: 3000 });
  });

  it('B391 while there is doubt the next probe comes within a second', () => {
    expect(selectProbeInterval(after(UP), 10_000)).toBe(10_000);
    expect(selectProbeInterval(after(UP, DOWN), 10_000)).toBe(1000);
    expect(selectProbeInterval(after(UP, DOWN), 200)).toBe(200);
    expect(selectProbeInterval(after(UP, DOWN, DOWN, DOWN), 10_000)).toBe(10_000);
  });
});

const node = (id: string, but: Partial<ReportNodeStatus> = {}): ReportNodeStatus => {
  return { ...after(UP), id, name: id, url: `https://${id}.example.com`, site: null, isNear: true, ...but };
};

describe('the node that a browser is led to', () => {
  it('B392 is the first of the own site, then the first of all, of those that are up', () => {
    const [far, near, other] = [node('far', { isNear: false }), node('near'), node('other')];
    const down = { ...after(DOWN) };
    expect(selectReportNode([far, near, other])?.id).toBe('near');
    expect(selectReportNode([far, { ...near, ...down }, other])?.id).toBe('other');
    expect(selectReportNode([far, { ...near, ...down }])?.id).toBe('far');
    expect(
      selectReportNode([
        { ...near, ...down },
        { ...other, ...UNKNOWN_NODE },
      ]),
    ).toBeNull();
  });
});

describe('what of the URL goes on', () => {
  const HOME = '/cuicui/Main.jsp';
  it.each(['/', '/?lang=de'])('B393 %s leads home', (target) => {
    expect(selectReportTarget(target, HOME)).toBe(HOME);
  });
  it.each([
    '/cuicui/Main.jsp',
    '/cuicui',
    '/cuic?x=1',
    '/cuicui/permalink/?viewId=0A1B&linkType=htmlType&viewType=Grid',
    '/cuic/permalink/PermalinkViewer.htmx?viewId=..%2F..&a=%C3%BC',
    '/cuicui/a..b/...',
  ])('B393 %s stays as it is', (target) => {
    expect(selectReportTarget(target, HOME)).toBe(target);
  });
  it.each([
    '/oamp',
    '/oamp/cuicui/',
    '/cuicuix/',
    '//evil.example.com/cuicui/',
    'http://evil.example.com/cuicui/',
    '/cuicui/../oamp',
    '/cuicui/%2e%2E/oamp',
    '/cuicui/.%2e;x/oamp',
    '/cuicui/..',
    '/cuicui\\..\\oamp',
    '/cuicui/\u00fc',
    '/cuicui/a b',
    `/cuicui/${'a'.repeat(5000)}`,
    '*',
    '',
  ])('B393 %s leads nowhere', (target) => {
    expect(selectReportTarget(target, HOME)).toBeNull();
  });
});
