/** What monitoring/ ships: accepted and tested by promtool, about metrics that there are, leading to parts that there are. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parse, stringify } from 'yaml';
import { metricDefinitions } from '../../src/ops/metric-definitions.ts';
import { startRig } from '../rig.ts';
import { webhookConfig } from '../webhook-receiver.ts';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, 'monitoring');
const RULES = 'ippa-proxy.rules.yaml';
const TESTS = ['ippa-proxy.rules.test.yaml', 'ippa-proxy.rules-day.test.yaml'];
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}
interface Rules {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}
interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } };
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[];
}

const rules: Rules = parse(read(`monitoring/${RULES}`));
const all = rules.groups.flatMap((group) => group.rules);
const alerts = all.filter(({ alert }) => alert !== undefined);
const dashboard = JSON.parse(read('monitoring/grafana-dashboard.json'));
const panels: readonly Panel[] = dashboard.panels;

function promtool(args: readonly string[], cwd = FOLDER, input = '') {
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd, input, encoding: 'utf8' });
  return { status, words: `${stdout}${stderr}` };
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'ippa-monitoring-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true, maxRetries: 10 }));
  return path;
}

describe('the rules', () => {
  it('B630 are accepted by promtool, and say what they should in the documented outage, flapping, drain, drill and without a proxy', {
    timeout: 120_000,
  }, () => {
    expect(promtool(['check', 'rules', RULES])).toMatchObject({ status: 0 });
    expect(promtool(['test', 'rules', ...TESTS])).toMatchObject({ status: 0 });
  });

  it('B630 each alert is heard in their tests', () => {
    const tests = TESTS.map((file) => read(`monitoring/${file}`)).join('');
    const heard = [
      ...tests.matchAll(/alertname: (\w+)\n\s+eval_time: \S+\n\s+exp_alerts: ?(?:&\w+)?\n\s+- exp_labels/g),
      ...tests.matchAll(/labels: '\{alertname="(\w+)"[^}]*\}', value: 1/g),
    ].map(([, name]) => name);
    expect(alerts.map(({ alert }) => alert).filter((alert) => !heard.includes(alert))).toEqual([]);
  });

  it('B631 each alert says how urgent it is, what is so, and where in the runbook to go on reading', () => {
    const headings = [...read('docs/runbook.md').matchAll(/^#+ (.+)$/gm)].map(([, words = '']) =>
      words
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    );
    const anchors = [...headings, ...[...read('docs/runbook.md').matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id)];
    for (const { alert, labels, annotations } of alerts) {
      expect(['critical', 'warning', 'info'], alert).toContain(labels?.severity);
      expect(annotations?.summary, alert).toBeTruthy();
      expect(annotations?.description, alert).toBeTruthy();
      const [page, anchor] = (annotations?.runbook_url ?? '').split('#');
      expect(page, alert).toBe('https://ippa-proxy.example.com/docs/runbook.md');
      expect(anchors, alert).toContain(anchor);
    }
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
  });

  it('B631 stand in docs/alerts.md, each with its severity, and the page names no other', () => {
    const rows = [...read('docs/alerts.md').matchAll(/^\| `(Ippa\w+)` \| (\w+) \|/gm)].map(([, name, severity]) => [
      name,
      severity,
    ]);
    expect(rows.toSorted()).toEqual(alerts.map(({ alert, labels }) => [alert, labels?.severity]).toSorted());
  });

  it('B631 what is said of a service or a cluster is said once for all proxies', () => {
    for (const { alert, expr } of alerts.filter(({ labels }) => labels?.severity === 'critical')) {
      expect(/by \([^)]*instance/.test(expr) && !/listener/.test(expr), alert).toBe(false);
    }
  });
});

/** Of a real proxy with everything that has metrics, after a sign-in and an outage. */
let metrics = '';
beforeAll(async () => {
  const rig = await startRig({
    finesse: { agents: [{ id: '1001', password: 'x', extension: '2001' }] },
    config: (config) => ({
      ...config,
      webhooks: [webhookConfig('http://127.0.0.1:1/')],
      site: 'east',
      clusters: config.clusters.map((cluster) => ({
        ...cluster,
        services: cluster.services.map((service) => ({ ...service, site: service.id === 'b' ? 'west' : 'east' })),
      })),
    }),
  });
  await rig.get('/a/fippa/SEP001122334455?id=1001&password=x&extension=2001');
  await rig.finesse[0]?.fault('refuse');
  await rig.get('/a/fippa/SEP001122334455');
  await rig.until('a', 'out-of-service');
  await rig.get('/a/fippa/SEP001122334455');
  await rig.get('/a/fippa/SEP001122334455/~to/b');
  await rig.get('/b/fippa/SEP001122334455?id=1001&password=x&extension=2001');
  await rig.get('/nothing');
  metrics = (await rig.get(`${rig.ops}/metrics`)).body;
  await rig.stop();
}, 120_000);

/** Names of metrics in an expression of PromQL, without those that rules record. */
function metricsIn(expr: string): string[] {
  const bare = expr
    .replace(/"[^"]*"/g, '""')
    .replace(/\{[^}]*\}/g, '')
    .replace(/\b(by|on|ignoring|group_left)\s*\([^)]*\)/g, '');
  return [...bare.matchAll(/(?<![\w:])(?:ippa|process)_\w+(?!:)/g)].map(([name]) => name.replace(/_bucket$/, ''));
}

describe('the metrics', () => {
  it('B632 `/metrics` is as promtool wants it', () => {
    expect(promtool(['check', 'metrics'], FOLDER, metrics)).toEqual({ status: 0, words: '' });
  });

  it('B632 rules and dashboard use such as are there after an outage and a sign-in, with their labels', () => {
    const exprs = [
      ...all.map(({ expr }) => expr),
      ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ];
    const used = new Set(exprs.flatMap(metricsIn));
    expect(used.size).toBeGreaterThan(35);
    // These need a listener with TLS, Finesse with TLS, nodes for reports, syslog, XMPP or a store: the registry knows them.
    const elsewhere = new Set([
      // Of a request that Finesse failed before a probe did.
      'ippa_relay_failures_total',
      'ippa_certificate_end_timestamp_seconds',
      'ippa_service_certificate_end_timestamp_seconds',
      'ippa_report_node_up',
      'ippa_syslog_connected',
      'ippa_syslog_lines_total',
      'ippa_notification_connected',
      'ippa_store_up',
    ]);
    for (const name of used) {
      expect(Object.keys(metricDefinitions), name).toContain(name);
      if (!elsewhere.has(name)) expect(metrics, name).toMatch(new RegExp(`^${name}(_bucket|_count)?[ {]`, 'm'));
    }
    for (const expr of exprs) {
      for (const [, name = '', inside = ''] of expr.matchAll(/\b((?:ippa|process)_\w+?)(?:_bucket)?\{([^}]*)\}/g)) {
        const labels: readonly string[] = metricDefinitions[name as keyof typeof metricDefinitions].labels;
        const asked = [...inside.matchAll(/(\w+)\s*[=!]~?"/g)].map(([, label = '']) => label);
        const unknown = asked.filter((label) => ![...labels, 'job', 'instance', 'le'].includes(label));
        expect(unknown, expr).toEqual([]);
      }
    }
  });
});

describe('the dashboard', () => {
  it('B633 asks nothing that Prometheus would not take', () => {
    const replace = (expr: string) =>
      expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$(job|instance|service)\b/g, '.*');
    const exprs = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => replace(expr)));
    const queries = [...exprs, ...dashboard.annotations.list.map(({ expr }: { expr: string }) => replace(expr))];
    expect(queries.join('\n')).not.toContain('$');
    const path = folder();
    const written = queries.map((expr, index) => ({ record: `panel:query:number${index}`, expr }));
    writeFileSync(join(path, 'rules.yaml'), stringify({ groups: [{ name: 'dashboard', rules: written }] }));
    expect(promtool(['check', 'rules', 'rules.yaml'], path)).toMatchObject({ status: 0 });
    const rates = queries.length - queries.filter((expr) => !/rate|increase/.test(expr)).length;
    const intervals = panels
      .flatMap(({ targets = [] }) => targets)
      .filter(({ expr }) => /(rate|increase)\(/.test(expr));
    expect(rates).toBeGreaterThan(10);
    expect(intervals.filter(({ expr }) => !expr.includes('[$__rate_interval]'))).toEqual([]);
  });

  it('B633 can be imported anywhere: its data source is a variable, its uid its own, and it has no id of a database', () => {
    expect(dashboard.uid).toBe('ippa-proxy');
    expect(dashboard).not.toHaveProperty('id');
    const sources = panels.flatMap(({ datasource, targets = [] }) => [
      datasource,
      ...targets.map((target) => target.datasource),
    ]);
    const named = sources.filter((source) => source !== undefined).map(({ uid }) => uid);
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((uid) => !/^\$\{datasource\}$/.test(uid))).toEqual([]);
    expect(dashboard.templating.list.map(({ name }: { name: string }) => name)).toEqual([
      'datasource',
      'job',
      'instance',
      'service',
    ]);
  });

  it('B633 has panels that lie beside each other, within its width, each with a title, a unit and an id of its own', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = new Set<string>();
    for (const {
      title,
      type,
      gridPos: { x, y, w, h },
      fieldConfig,
    } of panels) {
      expect(title).toBeTruthy();
      expect(x + w, title).toBeLessThanOrEqual(24);
      if (type !== 'row') expect(fieldConfig?.defaults.unit, title).toBeTruthy();
      for (let row = y; row < y + h; row++) {
        for (let column = x; column < x + w; column++) {
          expect(cells.has(`${row} ${column}`), title).toBe(false);
          cells.add(`${row} ${column}`);
        }
      }
    }
  });
});

it('B634 what monitoring/ holds is in the packages', () => {
  expect(JSON.parse(read('package.json')).files).toContain('monitoring');
  expect(read('packaging/stage.ts')).toContain("'monitoring'");
});
