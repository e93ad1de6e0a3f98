/** The host of a SIP URI: name in A-labels, IPv4 address, or IPv6 literal in brackets. RFC 3261 §25.1, RFC 5890. */

import { reject } from "../rejection";
import { ok, type Result, refuse } from "../result";
import { toAscii } from "./idna";
import { canonicalIpLiteral } from "./ip-literal";

/** Reads a host (U-labels are taken too) and gives it in lower case, in ASCII, without a final dot. */
export function parseHost(text: string): Result<string> {
  if (!text.startsWith("[")) return toAscii(text);
  const literal = canonicalIpLiteral(text);
  return literal === undefined ? refuse(reject("ADDRESS_MALFORMED", "IP literal")) : ok(literal);
}
