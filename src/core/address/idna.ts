/** Internationalised domain names: U-labels in a JID, A-labels on the SIP side. RFC 7622 §3.2, RFC 5890, UTS #46. */

import { toASCII as tr46ToAscii, toUnicode as tr46ToUnicode } from "tr46";
import { reject } from "../rejection";
import { ok, type Result, refuse } from "../result";

/**
 * The domain in lower-case A-labels, as SIP and DNS want it. A final dot is dropped (RFC 7622 §3.2).
 * Refused: ADDRESS_MALFORMED, and ADDRESS_TOO_LONG beyond what DNS can name (RFC 1034 §3.1).
 */
export function toAscii(domain: string): Result<string> {
  if (domain.length > DOMAIN_MAX) return refuse(reject("ADDRESS_TOO_LONG", "domain"));
  if (isPlain(domain)) return withLengths(domain.toLowerCase());
  const ascii = tr46ToAscii(domain, UTS46);
  if (ascii === null || !HOST.test(ascii)) return refuse(reject("ADDRESS_MALFORMED", "domain"));
  return withLengths(ascii);
}

/**
 * The domain in lower-case U-labels, as a JID wants it (RFC 7622 §3.2.1). A final dot is dropped.
 * Refused like `toAscii`.
 */
export function toUnicode(domain: string): Result<string> {
  const ascii = toAscii(domain);
  if (!ascii.ok || !A_LABEL.test(ascii.value)) return ascii;
  const unicode = tr46ToUnicode(ascii.value, UTS46);
  return unicode.error ? refuse(reject("ADDRESS_MALFORMED", "domain")) : ok(unicode.domain);
}

/**
 * Does the text satisfy the Bidi Rule (RFC 5893 §2) and the rules for joiners (RFC 5892 §A.1, §A.2)?
 * @param text a localpart that has passed the IdentifierClass: lower case, NFC
 */
export function satisfiesBidiAndJoiners(text: string): boolean {
  // A dot would cut the text into labels; a colon has the same Bidi class (CS) and does not.
  return !tr46ToUnicode(text.replaceAll(".", ":"), { checkBidi: true, checkJoiners: true }).error;
}

/**
 * Are the joiners in place (RFC 5892 §A.1, §A.2)?
 * @param text letters, marks, joiners and hyphens
 */
export function satisfiesJoiners(text: string): boolean {
  return !tr46ToUnicode(`-${text}`, { checkJoiners: true }).error;
}

/** ASCII that needs no tables: nothing to decode, only case to fold. */
function isPlain(domain: string): boolean {
  return HOST.test(domain) && !A_LABEL.test(domain);
}

function withLengths(ascii: string): Result<string> {
  const domain = ascii.endsWith(".") ? ascii.slice(0, -1) : ascii;
  if (domain.length <= DNS_LABEL_MAX) return ok(domain);
  if (domain.length > DNS_NAME_MAX) return refuse(reject("ADDRESS_TOO_LONG", "domain"));
  let start = 0;
  while (start <= domain.length) {
    const dot = domain.indexOf(".", start);
    const end = dot < 0 ? domain.length : dot;
    if (end - start > DNS_LABEL_MAX) return refuse(reject("ADDRESS_TOO_LONG", "label of a domain"));
    start = end + 1;
  }
  return ok(domain);
}

/** Labels of letters, digits, hyphen and (seen in private networks) underscore; no empty label, a final dot is legal. */
const HOST = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?$/i;
const A_LABEL = /xn--/i;

/** RFC 1034 §3.1: 255 octets on the wire, which is 253 characters and a possible final dot. */
const DNS_NAME_MAX = 253;
const DNS_LABEL_MAX = 63;
/** No name of legal length is written with more characters; longer text is not worth the tables of IDNA. */
const DOMAIN_MAX = 255;

const UTS46 = { checkBidi: true, checkJoiners: true, transitionalProcessing: false } as const;
