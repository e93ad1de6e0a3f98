/** A MESSAGE between two people whose phones register here. RFC 3428 §6, RFC 3261 §16.6, §16.7. */

import type { SipMessageOut } from "../effect";
import type { SipMessageInput, SipOutcome } from "../input";
import { hasVanished } from "./forked";

/** What the new request needs. */
export interface RelayContext {
  readonly fromTag: string;
  readonly callId: string;
  readonly branch: string;
  readonly cseq: number;
  /** Peer of the recipient's domain. */
  readonly peer: string;
}

/** The same message as a request of our own; it goes to whom the Request-URI names. */
export function relayedRequest(input: SipMessageInput, context: RelayContext): SipMessageOut {
  const { toUri, fromUri, subject, contentEncoding, contentLanguage, contentDisposition, date } = input;
  const headers: (readonly [string, string])[] = [];
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined) headers.push([name, value]);
  };
  add("Subject", subject);
  add("Date", date);
  add("Expires", input.expires === undefined ? undefined : String(input.expires));
  add("Content-Encoding", contentEncoding);
  add("Content-Language", contentLanguage);
  add("Content-Disposition", contentDisposition);
  return {
    toUri,
    fromUri,
    ...context,
    // RFC 3428 §5.
    contentType: input.contentType ?? (input.body.length === 0 ? "" : "text/plain"),
    headers,
    body: input.body,
  };
}

export interface RelayedAnswer {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/**
 * What the sender is told. §16.7 step 6: a 503 of a device says nothing of us, and would keep the sender from writing to
 * anybody; a device that did not answer, or has gone, is one that is not there; and nobody here has credentials for it.
 */
export function relayedAnswer(outcome: SipOutcome): RelayedAnswer {
  const { status, reason, retryAfter, accept } = outcome;
  const headers: (readonly [string, string])[] = [];
  if (retryAfter !== undefined) headers.push(["Retry-After", String(retryAfter)]);
  if (accept !== undefined && accept.length > 0) headers.push(["Accept", accept.join(", ")]);
  const isForUs = status === 401 || status === 407 || Math.floor(status / 100) === 3;
  if (isForUs || hasVanished(outcome)) return { status: 480, reason: "Temporarily Unavailable", headers };
  if (status === 503) return { status: 500, reason, headers };
  return { status, reason, headers };
}
