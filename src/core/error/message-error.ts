/** The XMPP sender's message ended badly: the error stanza that says so. RFC 7247 §7.2, RFC 6120 §8.3.1. */

import type { Element } from "../../xml/element";
import { NS } from "../../xml/namespaces";
import type { MessageOrigin } from "../message/origin";
import type { Rejection } from "../rejection";
import type { Tables } from "../tables";
import { type SipFinal, type StanzaCondition, statusToCondition } from "./sip-to-xmpp";
import { errorStanza } from "./stanza-error";

/**
 * The error for a MESSAGE of ours that SIP refused.
 * @param outcome a failure, 300 or above; anything else is a mistake of ours
 */
export function outcomeError(
  outcome: SipFinal,
  origin: MessageOrigin,
  tables: Pick<Tables, "errors" | "domains">,
): Element {
  const condition = statusToCondition(outcome, tables.errors, tables.domains);
  if (!condition) throw new Error(`status ${outcome.status} is no failure`);
  return messageError(origin, condition);
}

/** The error for a message that never became a MESSAGE, or was given up. */
export function messageRefusal(origin: MessageOrigin, rejection: Rejection): Element {
  return messageError(origin, rejection);
}

function messageError(origin: MessageOrigin, condition: StanzaCondition): Element {
  const { from, to, id } = origin;
  return errorStanza(
    { name: "message", ns: NS.client, from, to, ...(id === undefined ? undefined : { id }) },
    condition,
  );
}
