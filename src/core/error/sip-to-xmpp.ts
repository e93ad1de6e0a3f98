/** SIP status → stanza error condition. RFC 7247 §7.2. */

import { sipSenderToJid } from "../address/domains";
import { parseJid } from "../address/jid";
import { parseSipUri } from "../address/sip-uri";
import { formatXmppUri } from "../address/xmpp-uri";
import type { StanzaErrorType } from "../rejection";
import type { DomainTable, ErrorTable, StatusRow } from "../tables";
import { oneLine } from "./reason";

/** What of a final answer matters here; a `SipOutcome` fits. */
export interface SipFinal {
  readonly status: number;
  readonly reason: string;
  /** Seconds of Retry-After. */
  readonly retryAfter?: number;
  /** URIs of Contact, in order. */
  readonly contacts?: readonly string[];
}

/** What a stanza error is to say; a `Rejection` fits too. */
export interface StanzaCondition {
  readonly condition: string;
  readonly type: StanzaErrorType;
  readonly text?: string;
  /** URI inside `<gone/>` or `<redirect/>`. */
  readonly address?: string;
  /** Seconds. */
  readonly retryAfter?: number;
}

/**
 * The stanza error that tells an XMPP user of a SIP failure; undefined for 1xx and 2xx, which are none.
 * A failure with Retry-After is of type `wait`, whatever its row says: the peer has just said that waiting helps.
 * @param domains rules for a new address, so that it can be given as an `xmpp:` URI; else it stays a SIP URI
 */
export function statusToCondition(
  outcome: SipFinal,
  table: ErrorTable,
  domains?: DomainTable,
): StanzaCondition | undefined {
  if (outcome.status < 300) return undefined;
  const row =
    table.toXmpp.get(outcome.status) ?? table.toXmppByClass.get(Math.floor(outcome.status / 100)) ?? UNKNOWN;
  const text = textOf(outcome);
  const address = takesAddress(row, outcome.status) ? newAddress(outcome.contacts, domains) : undefined;
  return {
    condition: row.condition,
    type: outcome.retryAfter === undefined ? row.type : "wait",
    ...(text === undefined ? undefined : { text }),
    ...(address === undefined ? undefined : { address }),
    ...(outcome.retryAfter === undefined ? undefined : { retryAfter: outcome.retryAfter }),
  };
}

function textOf(outcome: SipFinal): string | undefined {
  const reason = oneLine(outcome.reason);
  if (outcome.retryAfter === undefined) return reason;
  const wait = `retry after ${outcome.retryAfter} s`;
  return reason === undefined ? wait : `${reason}; ${wait}`;
}

/** RFC 7247 §7.2 note 1: 301 MUST name the new address, 410 MUST NOT name any. */
function takesAddress(row: StatusRow, status: number): boolean {
  return status < 400 && (row.condition === "gone" || row.condition === "redirect");
}

/** The first Contact that can be read (RFC 6120 §8.3.3.5 wants a URI or IRI). */
function newAddress(contacts: readonly string[] = [], domains: DomainTable | undefined): string | undefined {
  const contact = contacts.find((uri) => parseSipUri(uri).ok);
  const mapped =
    contact === undefined || domains === undefined ? undefined : sipSenderToJid(contact, domains);
  const jid = mapped?.ok ? parseJid(mapped.value.jid) : undefined;
  return jid?.ok ? formatXmppUri(jid.value) : contact;
}

/** No status of SIP is outside the classes of the table; should one come, this says the least. */
const UNKNOWN: StatusRow = { condition: "undefined-condition", type: "cancel" };
