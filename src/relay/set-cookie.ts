/** Cookies of Finesse as the phone has to keep them: below the proxy's path of the service, for the proxy's host. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: with these a value could end its header; a tab may stay.
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/g;

/**
 * Rewrites one Set-Cookie header: Path gets the service in front, Domain goes (the phone knows the proxy's host), Secure
 * goes where the phone's listener is plain. Without a Path, or with `/`, the cookie is for `/SERVICE/fippa`: a front
 * door's answer is fetched from `/fippa/…`, where the default path of RFC 6265 §5.1.4 would be the wrong one.
 */
export function rewriteSetCookie(value: string, service: string, secureListener: boolean): string {
  const [pair = '', ...attributes] = value.replace(CONTROL, '').split(';');
  const kept = [pair];
  let hasPath = false;
  for (const attribute of attributes) {
    const name = (attribute.split('=', 1)[0] as string).trim().toLowerCase();
    if (name === 'domain' || (name === 'secure' && !secureListener)) continue;
    if (name !== 'path') {
      kept.push(attribute);
      continue;
    }
    hasPath = true;
    const path = attribute.slice(attribute.indexOf('=') + 1).trim();
    kept.push(`${attribute.slice(0, attribute.search(/\S/))}Path=${proxyPath(path, service)}`);
  }
  if (!hasPath) kept.push(` Path=${proxyPath('/', service)}`);
  return kept.join(';');
}

function proxyPath(path: string, service: string): string {
  // Old Tomcats quote the path.
  const plain = path.replace(/^"(.*)"$/, '$1');
  if (plain.startsWith(`/${service}/`)) return plain;
  return plain.startsWith('/') && plain !== '/' ? `/${service}${plain}` : `/${service}/fippa`;
}
