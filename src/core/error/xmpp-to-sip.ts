/** Stanza error condition → SIP status. RFC 7247 §7.1, with what RFC 3261 and RFC 4320 forbid. */

import { jidSenderToSip } from "../address/domains";
import { formatJid } from "../address/jid";
import { formatSipUri, parseSipUri } from "../address/sip-uri";
import { jidToSipUri } from "../address/xmpp-to-sip";
import { parseXmppUri } from "../address/xmpp-uri";
import type { DomainTable, ErrorTable } from "../tables";
import { oneLine } from "./reason";

/** A stanza error as it was received. */
export interface XmppError {
  readonly condition: string;
  readonly text?: string;
  /** URI or IRI inside `<gone/>` or `<redirect/>`. */
  readonly address?: string;
  /** Seconds. */
  readonly retryAfter?: number;
  /** Did the failed request go to a full JID or to a bare one? */
  readonly target: "full" | "bare";
}

export interface SipFailure {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/**
 * The final response that tells a SIP user of a stanza error.
 * @param method of the request that is answered: RFC 4320 §4.2 forbids 408, and 491 has no meaning, outside INVITE
 * @param domains rules for a new address; without them its domain keeps its name
 */
export function conditionToStatus(
  error: XmppError,
  table: ErrorTable,
  method: string,
  domains?: DomainTable,
): SipFailure {
  const row = table.toSip.get(error.condition) ?? table.toSipDefault;
  const contact = error.address === undefined ? undefined : contactOf(error.address, domains);
  const moved = contact !== undefined && row.withAddress !== undefined;
  const status = permitted(moved ? row.withAddress : row[error.target], method);
  const headers: [string, string][] = [];
  if (moved) headers.push(["Contact", `<${contact}>`]);
  if (status === 405) headers.push(["Allow", allowedBeside(method)]);
  if (error.retryAfter !== undefined && TAKES_RETRY_AFTER.has(status)) {
    headers.push(["Retry-After", String(Math.max(1, Math.ceil(error.retryAfter)))]);
  }
  return { status, reason: oneLine(error.text) ?? row.reason, headers };
}

/** What the table says, unless another RFC forbids to say it here. */
function permitted(status: number, method: string): number {
  // A challenge is a MUST with both (RFC 3261 §21.4.2, §21.4.8), and nothing the sender could prove would help.
  if (status === 401 || status === 407) return 403;
  if (method === "INVITE") return status;
  // RFC 4320 §4.2. 504 comes back as remote-server-timeout.
  if (status === 408) return 504;
  return status === 491 ? 400 : status;
}

/** A new address as a SIP URI; undefined when it cannot be read, as if there were none. */
function contactOf(address: string, domains: DomainTable | undefined): string | undefined {
  const trimmed = address.trim();
  if (!XMPP_SCHEME.test(trimmed)) {
    const uri = parseSipUri(trimmed);
    return uri.ok ? formatSipUri(uri.value) : undefined;
  }
  const jid = parseXmppUri(trimmed);
  if (!jid.ok) return undefined;
  const text = formatJid(jid.value);
  const byRule = domains && jidSenderToSip(text, domains);
  if (byRule?.ok) return byRule.value.uri;
  const plain = jidToSipUri(text);
  return plain.ok ? plain.value.value : undefined;
}

/** Allow with a 405 lists what the address does take (RFC 3261 §21.4.6), so not the method that was refused. */
function allowedBeside(method: string): string {
  return GATEWAY_METHODS.filter((allowed) => allowed !== method).join(", ");
}

/** What the gateway takes for any XMPP user. */
const GATEWAY_METHODS: readonly string[] = ["MESSAGE", "OPTIONS"];
/** RFC 3261 §20.33. */
const TAKES_RETRY_AFTER: ReadonlySet<number> = new Set([404, 413, 480, 486, 500, 503, 600, 603]);
const XMPP_SCHEME = /^xmpp:/i;
