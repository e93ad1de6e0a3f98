/** Branches of our own requests, and requests of ours that came back. RFC 3261 §8.1.1.7, §16.3 item 4; RFC 5393 §4.2. */

import { splitValues } from "../message/values";
import { parseVia } from "../message/via";
import type { ReceivedRequest } from "../transaction/received-request";
import { sha256 } from "../transaction/sha256";

/**
 * The branch of a request: the cookie, the name that the core chose, the attempt (a new target or new credentials make
 * a new transaction) and the loop mark. The same input gives the same branch, also after a restart.
 */
export function branchFor(name: string, attempt: number, mark: string): string {
  const bare = name.startsWith(COOKIE) ? name.slice(COOKIE.length) : name;
  return `${COOKIE}${bare}${attempt === 0 ? "" : `-${attempt}`}.${mark}`;
}

/**
 * RFC 5393 §4.2.1: a hash over what decides the way of a request. The same again means that it goes in circles; another
 * Request-URI means that somebody forwarded it on purpose (a spiral), which is no loop.
 */
export function loopMark(requestUri: string, callId: string, fromTag: string): string {
  return sha256(`${requestUri}\n${callId}\n${fromTag}`).slice(0, MARK_LENGTH);
}

/** Is this a request that we sent ourselves and that came back unchanged? */
export function isLooped(
  { request, from }: ReceivedRequest,
  isOurs: (host: string, port: number) => boolean,
): boolean {
  for (const [name, value] of request.headers.fields) {
    if (name !== "Via" || !MAYBE_MARKED.test(value)) continue;
    for (const element of splitValues(value)) {
      const via = parseVia(element);
      const mark = via?.branch === undefined ? null : MARKED.exec(via.branch);
      if (via === undefined || mark === null) continue;
      if (!isOurs(via.host, via.port ?? (via.transport === "TLS" ? 5061 : 5060))) continue;
      const callId = request.headers.get("Call-ID") ?? "";
      if (mark[1] === loopMark(request.uri, callId, from.parameters.get("tag") ?? "")) return true;
    }
  }
  return false;
}

const COOKIE = "z9hG4bK";
const MARK_LENGTH = 8;
/** Spares most requests the parsing: a branch of ours can be nowhere in a text that this does not fit. */
const MAYBE_MARKED = /\.[A-Za-z0-9_-]{8}(?![A-Za-z0-9_-])/;
const MARKED = /\.([A-Za-z0-9_-]{8})$/;
