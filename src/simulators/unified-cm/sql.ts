/** As much of SQL as asks for subscriptions: columns of three joined tables, names of services, a page. Read only. */

import { group, leaf } from '../finesse/xml.ts';
import { AxlFault } from './axl-fault.ts';
import type { Database } from './database.ts';

const SELECT =
  /^select(?: skip (\d+))?(?: first (\d+))? (.+?) from telecastersubscribedservice s inner join device d on s\.fkdevice = d\.pkid inner join telecasterservice t on s\.fktelecasterservice = t\.pkid(?: where t\.name in \((.+?)\))?(?: order by [\w., ]+)?$/i;

/** Columns by table and name. */
type Row = Readonly<Record<string, string>>;

/** Rows as AXL writes them: an element for each column, in lower case. Throws AxlFault. */
export function query(database: Database, sql: string): string[] {
  const match = SELECT.exec(sql.trim().replace(/\s+/g, ' '));
  if (match === null) throw new AxlFault('-201', 'A syntax error has occurred.');
  const [, skip = '0', first, columns = '', names] = match;
  const wanted = names === undefined ? null : parseStrings(names);
  const rows = allRows(database).filter((row) => wanted === null || wanted.includes(row['t.name'] ?? ''));
  const page = rows.slice(Number(skip), first === undefined ? undefined : Number(skip) + Number(first));
  const selected = columns.split(',').map(parseColumn);
  return page.map((row) =>
    group(
      'row',
      selected.map(({ column, name }) => leaf(name, cellOf(row, column))),
    ),
  );
}

function allRows({ devices }: Database): Row[] {
  return devices
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((device) =>
      device.services.map((each) => ({
        'd.name': device.name,
        'd.tkclass': device.isProfile ? '254' : '1',
        't.name': each.service,
        's.servicename': each.name,
        's.serviceurl': each.url,
        's.secureserviceurl': each.secureUrl,
        's.urlbuttonindex': each.urlButtonIndex,
        's.urllabel': each.urlLabel,
      })),
    );
}

function parseColumn(text: string): { readonly column: string; readonly name: string } {
  const [, column = '', name] = /^([a-z]\.\w+)(?: as (\w+))?$/i.exec(text.trim()) ?? [];
  return { column: column.toLowerCase(), name: (name ?? column.slice(2)).toLowerCase() };
}

function cellOf(row: Row, column: string): string {
  const value = row[column];
  if (value === undefined) throw new AxlFault('-217', `Column (${column}) not found in any table in the query.`);
  return value;
}

/** Quoted by ', which is doubled inside. */
function parseStrings(list: string): string[] {
  return [...list.matchAll(/'((?:[^']|'')*)'/g)].map(([, text = '']) => text.replaceAll("''", "'"));
}
