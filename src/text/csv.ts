/** Rows as a spreadsheet reads them (RFC 4180). Pure. */

export type Cell = string | number | boolean | null;

/**
 * Anyone on the voice network can claim to be an agent called `=HYPERLINK(…)`: a cell that a spreadsheet would take for a
 * formula gets an apostrophe in front, which makes it text.
 */
function renderCell(cell: Cell): string {
  if (typeof cell !== 'string') return cell === null ? '' : String(cell);
  const text = /^[=+\-@＝＋－＠\t\r\n]/.test(cell) ? `'${cell}` : cell;
  return /[",;\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The first row holds the names of the columns. */
export function renderCsv(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const text = [columns, ...rows].map((row) => `${row.map(renderCell).join(',')}\r\n`).join('');
  // Without the mark some spreadsheets take UTF-8 for their own character set; pure ASCII needs none.
  return /^\p{ASCII}*$/u.test(text) ? text : `\ufeff${text}`;
}
