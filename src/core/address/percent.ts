/** Percent-encoding of the parts of a SIP, im or pres URI. RFC 3986 §2.1, RFC 3261 §25.1, RFC 7247 §6.4 step 3, §6.5 step 5. */

import { reject } from "../rejection";
import { ok, type Result, refuse } from "../result";

/**
 * Decodes `%HH` once and reads the octets as UTF-8. Characters that are not encoded stay.
 * Refused (ADDRESS_MALFORMED): `%` without two hex digits, invalid UTF-8, and control characters, encoded or not.
 */
export function percentDecode(text: string): Result<string> {
  let decoded = text;
  if (text.includes("%")) {
    try {
      decoded = decodeURIComponent(text);
    } catch {
      return refuse(reject("ADDRESS_MALFORMED", "percent-encoding"));
    }
  }
  if (UNFIT.test(decoded)) return refuse(reject("ADDRESS_MALFORMED", "control character"));
  return ok(decoded);
}

/** Encodes what the `user` rule of RFC 3261 §25.1 does not allow, `:` and `@` among it. Hex digits are upper case. */
export function percentEncodeUser(name: string): string {
  if (PLAIN_USER.test(name)) return name;
  return encodeURIComponent(name).replace(USER_UNRESERVED, decodeURIComponent);
}

/** Encodes what `paramchar` of RFC 3261 §25.1 does not allow: an unencoded `;`, `?` or `>` would forge parameters or headers. */
export function percentEncodeGr(resource: string): string {
  if (PLAIN_PARAMETER.test(resource)) return resource;
  return encodeURIComponent(resource).replace(PARAM_UNRESERVED, decodeURIComponent);
}

/**
 * Encodes what may not stand in the mailbox of an im or pres URI: RFC 7247 §6.5 step 5 names `( ) , ; [ \ ]`, a URI needs
 * the rest (RFC 3986 §2). The dot stays: it is unreserved, so that encoding it would say nothing.
 */
export function percentEncodeIm(name: string): string {
  return encodeURIComponent(name)
    .replace(MAILBOX_UNRESERVED, decodeURIComponent)
    .replace(PARENTHESES, encodeParenthesis);
}

function encodeParenthesis(character: string): string {
  return character === "(" ? "%28" : "%29";
}

/** Controls of ASCII and Latin-1, and halves of surrogate pairs. */
const UNFIT = /[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/u;
const PLAIN_USER = /^[A-Za-z0-9\-_.!~*'()&=+$,;?/]*$/;
const PLAIN_PARAMETER = /^[A-Za-z0-9\-_.!~*'()[\]/:&+$]*$/;
/** What encodeURIComponent encodes although the rule allows it: `& = + $ , ; ? /` */
const USER_UNRESERVED = /%(?:26|3D|2B|24|2C|3B|3F|2F)/g;
/** `[ ] / : & + $` */
const PARAM_UNRESERVED = /%(?:5B|5D|2F|3A|26|2B|24)/g;
/** `& = + $ /` */
const MAILBOX_UNRESERVED = /%(?:26|3D|2B|24|2F)/g;
const PARENTHESES = /[()]/g;
