/** Error stanzas: building and reading. RFC 6120 §8.3; Retry-After as a stanza header of XEP-0131. */

import { childElements, type Element, element, text } from "../../xml/element";
import { NS } from "../../xml/namespaces";
import type { StanzaErrorType } from "../rejection";
import type { StanzaCondition } from "./sip-to-xmpp";

/** What an error stanza said. */
export interface ParsedStanzaError {
  /** One of RFC 6120 §8.3.3; anything else counts as `undefined-condition` (§8.3.2). */
  readonly condition: string;
  readonly type?: StanzaErrorType;
  readonly text?: string;
  readonly address?: string;
  /** Seconds. */
  readonly retryAfter?: number;
}

/** Who and what an error stanza answers. */
export interface FailedStanza {
  readonly name: string;
  readonly ns: string;
  readonly from?: string;
  readonly to?: string;
  readonly id?: string;
}

/** The error that answers a stanza: same kind and id, addresses swapped. Never answer a stanza of type error (§8.3.1). */
export function stanzaError(stanza: Element, error: StanzaCondition): Element {
  const { from, to, id } = stanza.attrs;
  return errorStanza(
    {
      name: stanza.name,
      ns: stanza.ns,
      ...(from === undefined ? undefined : { from }),
      ...(to === undefined ? undefined : { to }),
      ...(id === undefined ? undefined : { id }),
    },
    error,
  );
}

/** The same where only the addresses and the id of the failed stanza are left. */
export function errorStanza(failed: FailedStanza, error: StanzaCondition): Element {
  const attrs = { type: "error", id: failed.id, from: failed.to, to: failed.from };
  return element(
    failed.ns,
    failed.name,
    attrs,
    error.retryAfter === undefined ? undefined : retryAfterHeader(error.retryAfter),
    element(
      failed.ns,
      "error",
      { type: error.type },
      element(NS.stanzas, error.condition, {}, error.address),
      error.text === undefined ? undefined : element(NS.stanzas, "text", { "xml:lang": "en" }, error.text),
    ),
  );
}

/** Reads what an error stanza says; one that says nothing is an undefined condition. */
export function parseStanzaError(stanza: Element): ParsedStanzaError {
  const error = childElements(stanza).find((node) => node.name === "error" && node.ns === stanza.ns);
  const inside = error ? childElements(error).filter((node) => node.ns === NS.stanzas) : [];
  const condition = inside.find((node) => node.name !== "text");
  const words = inside.find((node) => node.name === "text");
  const known = condition !== undefined && STANZA_CONDITIONS.has(condition.name);
  const address = known && ADDRESSED.has(condition.name) ? text(condition).trim() : "";
  const type = TYPES.find((name) => name === error?.attrs.type);
  const said = words === undefined ? "" : text(words).trim();
  const retryAfter = readRetryAfter(stanza);
  return {
    condition: known ? condition.name : "undefined-condition",
    ...(type === undefined ? undefined : { type }),
    ...(said === "" ? undefined : { text: said }),
    ...(address === "" ? undefined : { address }),
    ...(retryAfter === undefined ? undefined : { retryAfter }),
  };
}

function retryAfterHeader(seconds: number): Element {
  return element(SHIM, "headers", {}, element(SHIM, "header", { name: "Retry-After" }, String(seconds)));
}

function readRetryAfter(stanza: Element): number | undefined {
  for (const headers of childElements(stanza)) {
    if (headers.ns !== SHIM || headers.name !== "headers") continue;
    for (const header of childElements(headers)) {
      const value = text(header);
      if (header.attrs.name === "Retry-After" && SECONDS.test(value)) return Number(value);
    }
  }
  return undefined;
}

/** RFC 6120 §8.3.3. */
export const STANZA_CONDITIONS: ReadonlySet<string> = new Set([
  "bad-request",
  "conflict",
  "feature-not-implemented",
  "forbidden",
  "gone",
  "internal-server-error",
  "item-not-found",
  "jid-malformed",
  "not-acceptable",
  "not-allowed",
  "not-authorized",
  "policy-violation",
  "recipient-unavailable",
  "redirect",
  "registration-required",
  "remote-server-not-found",
  "remote-server-timeout",
  "resource-constraint",
  "service-unavailable",
  "subscription-required",
  "undefined-condition",
  "unexpected-request",
]);

/** Conditions whose character data is an address (§8.3.3.5, §8.3.3.14). */
const ADDRESSED: ReadonlySet<string> = new Set(["gone", "redirect"]);
const TYPES: readonly StanzaErrorType[] = ["auth", "cancel", "continue", "modify", "wait"];
const SHIM = "http://jabber.org/protocol/shim";
/** Nine digits are thirty years. */
const SECONDS = /^\d{1,9}$/;
