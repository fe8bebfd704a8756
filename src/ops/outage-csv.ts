/** The records of outages as tables for a spreadsheet. Pure. */

import { renderCsv } from '../text/csv.ts';
import type { OutageDeviceEntry, OutageEntry } from './outage-view.ts';

const LIST_COLUMNS = [
  ...['id', 'service', 'name', 'cluster', 'drill', 'startedAt', 'verdictAt', 'endedAt', 'cause', 'words', 'decidedBy'],
  ...['signedIn', 'told', 'elsewhere', 'returned', 'missing', 'withinFiveMinutes'],
] as const;

export function renderOutagesCsv(outages: readonly OutageEntry[]): string {
  const rows = outages.map((outage) => {
    const flat = { ...outage, cause: outage.cause.code, words: outage.cause.words };
    return LIST_COLUMNS.map((column) => flat[column]);
  });
  return renderCsv(LIST_COLUMNS, rows);
}

const DEVICE_COLUMNS = ['device', 'agent', 'extension', 'outcome', 'service', 'at', 'seconds'] as const;

export function renderOutageDevicesCsv(devices: readonly OutageDeviceEntry[]): string {
  return renderCsv(
    DEVICE_COLUMNS,
    sortByOutcome(devices).map((device) => DEVICE_COLUMNS.map((column) => device[column])),
  );
}

/** Who is missing is what one asks for first. */
const ORDER = { missing: 0, elsewhere: 1, returned: 2 } as const;

export function sortByOutcome(devices: readonly OutageDeviceEntry[]): readonly OutageDeviceEntry[] {
  return devices.toSorted((one, other) => ORDER[one.outcome] - ORDER[other.outcome]);
}
