/** Nothing that a phone prints may show a password or a session. */

/** Names of parameters that are hidden even before a form has masked them. */
const secretNames = ['password', 'passwd', 'pwd', 'pin'];

/** `text` with the values of secret parameters, session ids in paths and user information in URLs as asterisks. */
export function redact(text: string, masked: ReadonlySet<string> = new Set()): string {
  return text
    .replace(/([?&;:]|^)([^?&;=\s]+)=([^&;#\s"'<>]*)/g, (whole, before: string, name: string) =>
      isSecret(name, masked) ? `${before}${name}=***` : whole,
    )
    .replace(/;jsessionid=[^/?&;#\s"'<>]*/gi, ';jsessionid=***')
    .replace(/(https?:\/\/)[^/@\s?#]+@/gi, '$1***@');
}

function isSecret(name: string, masked: ReadonlySet<string>): boolean {
  let plain = name;
  try {
    plain = decodeURIComponent(name);
  } catch {
    // A malformed escape stays as it is.
  }
  return masked.has(plain) || secretNames.includes(plain.toLowerCase());
}
