/** Text that people read: letters become x and digits 0; spaces, marks and line ends stay, and so do length and charset. */

/** What is not ASCII takes as many bytes as before in UTF-8, and one in ISO-8859-1. */
export function maskText(text: string): string {
  return text.replace(/[\p{L}\p{M}\p{N}]/gu, (character) => {
    const code = character.codePointAt(0) as number;
    if (code < 0x80) return code < 0x3a ? '0' : 'x';
    if (code < 0x800) return 'ä';
    return code < 0x10000 ? 'あ' : '𐐨';
  });
}

/** The same where references stand for characters. Those of XML itself stay. */
export function maskXmlText(raw: string): string {
  return raw
    .split(/(&[^;]*;)/)
    .map((part) => {
      if (!part.startsWith('&')) return maskText(part);
      return /^&(?:amp|lt|gt|quot|apos);$/.test(part) ? part : maskText(decodeReference(part));
    })
    .join('');
}

/** `raw` without CDATA marks. */
export function decodeXml(raw: string): string {
  return raw.replace(/&[^;]*;/g, decodeReference);
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decodeReference(reference: string): string {
  const [, name = '', hex, decimal] = /^&(?:([a-z]+)|#x([0-9a-f]+)|#([0-9]+));$/i.exec(reference) ?? [];
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  if (name !== '') return NAMED[name] ?? 'x';
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : 'x';
}
