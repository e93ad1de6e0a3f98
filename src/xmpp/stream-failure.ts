/** Why a stream ended, and what that means for the next attempt. RFC 6120 §4.9.3, XEP-0114 §3. */

import type { Element } from "../xml/element";
import { childElements, text } from "../xml/element";

/** "stop": trying again cannot help. "slow": somebody must act first, so try seldom. "retry": the usual back-off. */
export type Verdict = "retry" | "slow" | "stop";

export interface StreamFailure {
  /** A word for machines: a stream error condition, or one of ours. */
  readonly reason: string;
  /** A sentence for the operator. */
  readonly detail: string;
  readonly verdict: Verdict;
}

/** Reads a `<stream:error/>`. */
export function fromStreamError(error: Element): StreamFailure {
  const parts = childElements(error);
  const condition =
    parts.find((part) => part.ns === NS_STREAMS && part.name !== "text")?.name ?? "undefined-condition";
  const said = parts.find((part) => part.ns === NS_STREAMS && part.name === "text");
  const known = KNOWN[condition];
  const quoted = said === undefined ? "" : ` (${text(said).slice(0, LONGEST_QUOTE)})`;
  return {
    reason: condition,
    detail: `${known?.detail ?? `the XMPP server ended the stream: ${condition}`}${quoted}`,
    verdict: known?.verdict ?? "retry",
  };
}

/** The stream header of a server that speaks something else than XEP-0114 on this port. */
export function wrongPort(namespace: string): StreamFailure {
  const who =
    namespace === "jabber:client"
      ? "clients"
      : namespace === "jabber:server"
        ? "other servers"
        : "something else";
  return {
    reason: "wrong-port",
    detail: `this port of the XMPP server is for ${who}, not for components (${namespace || "no namespace"})`,
    verdict: "slow",
  };
}

/** An error of the socket or of name resolution. */
export function fromSocketError(error: Error): StreamFailure {
  const code = (error as NodeJS.ErrnoException).code ?? "socket-error";
  return { reason: code, detail: SOCKET[code] ?? (error.message || code), verdict: "retry" };
}

/** Something of ours. */
export function failure(reason: string, detail: string, verdict: Verdict = "retry"): StreamFailure {
  return { reason, detail, verdict };
}

const NS_STREAMS = "urn:ietf:params:xml:ns:xmpp-streams";
/** Text of a peer in our log. */
const LONGEST_QUOTE = 200;

const KNOWN: Readonly<Record<string, { readonly detail: string; readonly verdict: Verdict }>> = {
  "not-authorized": {
    detail: "the XMPP server refused the secret, or does not know this component host; not tried again",
    verdict: "stop",
  },
  "host-unknown": { detail: "the XMPP server does not know this component host", verdict: "slow" },
  conflict: {
    detail: "this component host is already connected, by another gateway or a dead connection",
    verdict: "retry",
  },
  "invalid-namespace": {
    detail: "the XMPP server expects something else on this port: is it the port for components?",
    verdict: "slow",
  },
  "system-shutdown": { detail: "the XMPP server is stopping", verdict: "retry" },
};

const SOCKET: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens at this address and port",
  ENOTFOUND: "the name of the XMPP server cannot be resolved",
  EAI_AGAIN: "name resolution does not work at the moment",
  ECONNRESET: "the connection was reset",
  ETIMEDOUT: "the connection timed out",
  EHOSTUNREACH: "no route to the XMPP server",
  ENETUNREACH: "no route to the XMPP server",
  EPIPE: "the connection was closed under our hands",
};
