/** Header names: case, compact forms and one spelling for each. RFC 3261 §7.3.1, §7.3.3, §20. */

/**
 * The one spelling under which a header is kept in a HeaderList: the long form as the RFCs print it.
 * A name that no RFC here defines stays as it is spelled.
 * @param name a header name of any case, long or compact, without white space
 */
export function canonicalName(name: string): string {
  return SPELLINGS.get(name) ?? SPELLINGS.get(name.toLowerCase()) ?? name;
}

/**
 * The header whose canonical spelling stands in these octets; undefined for any other spelling, which `canonicalName` reads.
 * What nearly every client writes is so found without making a text of it.
 */
export function knownNameAt(bytes: Uint8Array, start: number, end: number): string | undefined {
  const length = end - start;
  if (length < 1 || length > LONGEST_NAME) return undefined;
  const place = PLACES[slotOf(length, bytes[start] as number, bytes[end - 1] as number)] as number;
  if (place === 0) return undefined;
  const codes = CODES[place - 1] as Uint8Array;
  for (let at = 0; at < length; at++) if (codes[at] !== bytes[start + at]) return undefined;
  return INTERNED[place - 1];
}

/** Is this the canonical spelling of a header that we know (and so safe to write as it is)? */
export function isKnownName(name: string): boolean {
  return KNOWN.has(name);
}

// RFC 3261 §20; then RFC 3262, 3265/6665, 3311, 3312…, 3323, 3325, 3326, 3327, 3329, 3428, 3515, 3608, 3840/3841,
// 3891, 3892, 3903, 3911, 4028, 4412, 4488, 4538, 5373, 5393, 5626, 6442, 6446, 6665, 7044, 7433, 8224 and MIME.
const NAMES = [
  ..."Accept Accept-Encoding Accept-Language Alert-Info Allow Authentication-Info Authorization Call-ID".split(
    " ",
  ),
  ..."Call-Info Contact Content-Disposition Content-Encoding Content-Language Content-Length Content-Type".split(
    " ",
  ),
  ..."CSeq Date Error-Info Expires From In-Reply-To Max-Forwards MIME-Version Min-Expires Organization".split(
    " ",
  ),
  ..."Priority Proxy-Authenticate Proxy-Authorization Proxy-Require Record-Route Reply-To Require".split(" "),
  ..."Retry-After Route Server Subject Supported Timestamp To Unsupported User-Agent Via Warning".split(" "),
  ..."WWW-Authenticate RAck RSeq Event Allow-Events Subscription-State SIP-ETag SIP-If-Match Privacy".split(
    " ",
  ),
  ..."P-Asserted-Identity P-Preferred-Identity Reason Path Service-Route Security-Client Security-Server".split(
    " ",
  ),
  ..."Security-Verify Refer-To Referred-By Refer-Sub Accept-Contact Reject-Contact".split(" "),
  ..."Request-Disposition Replaces Join Session-Expires Min-SE Target-Dialog Max-Breadth Flow-Timer".split(
    " ",
  ),
  ..."Suppress-If-Match Geolocation Geolocation-Error Geolocation-Routing History-Info Identity".split(" "),
  ..."Identity-Info Resource-Priority Accept-Resource-Priority Answer-Mode Permission-Missing".split(" "),
  ..."Trigger-Consent User-to-User P-Associated-URI P-Called-Party-ID P-Charging-Vector".split(" "),
  ..."P-Access-Network-Info P-Visited-Network-ID Content-ID Content-Transfer-Encoding".split(" "),
  ..."Content-Description".split(" "),
];

// RFC 3261 §20, RFC 3265/6665 (o, u), RFC 3515 (r), RFC 3841 (a, d, j), RFC 3892 (b), RFC 4028 (x), RFC 8224 (y).
const COMPACT: Readonly<Record<string, string>> = {
  a: "Accept-Contact",
  b: "Referred-By",
  c: "Content-Type",
  d: "Request-Disposition",
  e: "Content-Encoding",
  f: "From",
  i: "Call-ID",
  j: "Reject-Contact",
  k: "Supported",
  l: "Content-Length",
  m: "Contact",
  n: "Identity-Info",
  o: "Event",
  r: "Refer-To",
  s: "Subject",
  t: "To",
  u: "Allow-Events",
  v: "Via",
  x: "Session-Expires",
  y: "Identity",
};

// As property keys the names become internalized strings, which compare to literals by address.
const INTERNED = Object.keys(Object.fromEntries(NAMES.map((name) => [name, name])));

const KNOWN: ReadonlySet<string> = new Set(INTERNED);

const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ...INTERNED.flatMap((name): [string, string][] => [
    [name, name],
    [name.toLowerCase(), name],
  ]),
  ...Object.entries(COMPACT),
]);

const CODES = INTERNED.map((name) => Uint8Array.from(name, (character) => character.charCodeAt(0)));
const LONGEST_NAME = 31;
/** By length, first and last letter: which name it can be, counted from 1. Of two that meet here the first listed is found so. */
const PLACES = new Uint8Array(32 * 32 * 32);
for (const [at, codes] of CODES.entries()) {
  const slot = slotOf(codes.length, codes[0] as number, codes[codes.length - 1] as number);
  if (codes.length <= LONGEST_NAME && PLACES[slot] === 0) PLACES[slot] = at + 1;
}

function slotOf(length: number, first: number, last: number): number {
  return (length << 10) | ((first & 31) << 5) | (last & 31);
}
