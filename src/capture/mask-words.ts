/**
 * What says how a program works and not who uses it: words of HTTP, of phones and of Finesse. Where a header or an element is kept
 * for what it says, its words are kept by this list, and any other is masked as text: it may be anything.
 */

import { maskText } from './mask-text.ts';

const WORDS: ReadonlySet<string> = new Set(
  `
  accept age agent all bind ping allow application auth basic bearer block boundary bytes cache charset chunked close compress
  connection control cookie data deflate delete digest disposition domain encoding error expires form frame get gzip head
  hsts html http https httponly identity image immutable include includesubdomains invalid json keep alive lang language
  length lax location max method mixed mode modified multipart must revalidate name negotiate no nocache none nonce nosniff
  octet stream only options origin path patch plain post powered preload private proxy public put qop quality range ranges
  read realm refresh related sameorigin samesite secure server stale standalone store strict subdomains text timeout token trace
  trailers transfer transform type unicode upgrade urlencoded user using vary version websocket with write xhtml xml yes
  ascii big5 euc gb18030 gb2312 gbk hans hant hebrew jis koi8 ks_c latin latin1 macintosh sjis shift tis ucs utf utf16 utf8
  windows cyrl latn iso ibm x us md5 sess sha sha256 krb5 ntlm
  bmp cip gif ico icon jpeg jpg png svg tiff webp css javascript
  akamai allegro apache apr asp aspx aspnet basehttp caddy centos cherokee cisco ciscoiphone ciscoipphone ciscoipphoneservices cloudflare
  coldfusion commons coyote debian deny desktop dp envoy express fedora finesse firefox gecko glassfish go goahead gunicorn haproxy
  hat httpapi httpclient httpcomponents httpd iis iis ippa jakarta java javaserver jboss jetty jre jsp kestrel khtml lighttpd
  linux litespeed macos microsoft mod_ssl mozilla msie net netty nginx nodejs node okhttp openjdk openresty openssl oracle
  pages perl php phone python red rompager ruby safari servlet simplehttp software spa squid struts sun suse tomcat traefik
  tomee ubuntu undertow unix varnish via waitress weblogic webclient webkit applewebkit chrome edge websphere werkzeug wget
  wildfly win win64 windows xsi zope curl
  mitmproxy wsgiserver trident compatible macintosh intel
  amber app appstatus apptest back call callhistory cancel clear contacts default details device dial directories display editdial
  exit feature fixedfeature1 fixedfeature2 fixedfeature3 headset history hold hook info init key keypad keypad0 keypad1 keypad2
  keypad3 keypad4 keypad5 keypad6 keypad7 keypad8 keypad9 keypadstar keypadpound line menu messages minimize more mute navback
  navdwn navleft navright navselect navup next notify off on phonebook play releasefocus requestfocus ringer search select
  services settings soft softkey speaker submit update vibrate voicemail volup voldwn transfer conference redial
  account active available busy chat code completed created disabled down enabled event events failed failure false fault
  finished generic heartbeat headline hybrid in initializing input internal loading login logged logout logoff not
  notready null ok orphaned out outbound pending preview pubsub ready reason reserved result running service set signed sso
  started starting state status stopped stopping subscribe subscribed subscription success successful system systeminfo talking true
  uccx ucce pcce unavailable unknown unset unsubscribe up wait work wrap wrapup api phones en
  `
    .trim()
    .split(/\s+/),
);
/** Shorter ones are languages, days, months and units. */
const SHORT = 3;
const MAX_DIGITS = 4;
/** 12.6.1.10000-38 */
export const MAX_VERSION = 5;
const RUN = /[\p{L}\p{M}\p{N}]+/gu;

/** An address, unless it stands where a product has its version: `Chrome/120.0.0.0`. */
const ADDRESS = /(?<![\p{L}\p{N}./])\d{1,3}(?:\.\d{1,3}){3}(?![.\d])/gu;
/** A number that is written in groups: each of them is short, and together they are somebody's. */
const GROUPS = /(?<![\p{L}\p{N}.])\d+(?:[ -]\d+)+/gu;
const MAX_GROUPED = 6;

/** `maxDigits`: of a number that stays. */
export function keepWords(text: string, maxDigits = MAX_DIGITS): string {
  // Behind an escape a short run may be a letter of anything.
  if (/[%&\\]/.test(text)) return maskText(text);
  const ungrouped = text.replace(GROUPS, (number) =>
    number.replace(/\D/g, '').length > MAX_GROUPED ? maskText(number) : number,
  );
  const nobodys = maxDigits === MAX_VERSION ? ungrouped : ungrouped.replace(ADDRESS, maskText);
  return nobodys.replace(RUN, (run) => (isKept(run, maxDigits) ? run : maskText(run)));
}

function isKept(run: string, maxDigits: number): boolean {
  if (/^\d+$/.test(run)) return run.length <= maxDigits;
  // 7970G, CP8845, T00, 4s.
  if (/^[A-Za-z]{0,2}\d{1,4}[A-Za-z]{0,2}$/.test(run)) return true;
  if (!/^[A-Za-z0-9]+$/.test(run)) return false;
  return run.length <= SHORT || WORDS.has(run.toLowerCase());
}

/** A name of a parameter, cookie, header, element or key is a word; what is not may be a value that lost its name. */
export function isWord(text: string): boolean {
  return /^[A-Za-z_][\w.~[\]-]{0,39}$/.test(text) && !/\d{3}/.test(text);
}
