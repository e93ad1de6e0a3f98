/** What somebody who is kept out is told: the same as of a person who is not there. XEP-0191 §3.2, RFC 7247 §7. */

import { type Element, element } from "../../xml/element";
import { type StanzaCondition, statusToCondition } from "../error/sip-to-xmpp";
import { stanzaError } from "../error/stanza-error";
import { conditionToStatus, type SipFailure } from "../error/xmpp-to-sip";
import { REJECTIONS } from "../rejection";
import type { ErrorTable } from "../tables";

/**
 * The answer to the MESSAGE of a SIP user: what an XMPP server's error for an absent, unknown or blocking user becomes.
 * @param to JID that the MESSAGE is for: full or bare makes a difference
 */
export function refusedSipSender(to: string, errors: ErrorTable): SipFailure {
  const target = to.includes("/") ? "full" : "bare";
  return conditionToStatus({ condition: "service-unavailable", target }, errors, "MESSAGE");
}

/**
 * The error for the message of an XMPP user: what he gets of a SIP user with no device. XEP-0191's `service-unavailable`
 * would tell him: nothing else that a SIP user does becomes that.
 */
export function refusedXmppSender(errors: ErrorTable): StanzaCondition {
  return conditionOf(480, "Temporarily Unavailable", errors);
}

/** The error for his subscription: what he gets of a SIP user who does not exist. */
export function refusedXmppWatcher(errors: ErrorTable): StanzaCondition {
  return conditionOf(404, "Not Found", errors);
}

/** The error for an XMPP user who writes to somebody whom he blocks himself. */
export function ownBlockError(stanza: Element): Element {
  const { condition, type, text } = REJECTIONS.OWN_BLOCK;
  const error = stanzaError(stanza, { condition, type, text });
  const children = error.children.map((child) =>
    typeof child !== "string" && child.name === "error"
      ? { ...child, children: [...child.children, element(BLOCKED, "blocked", {})] }
      : child,
  );
  return { ...error, children };
}

function conditionOf(status: number, reason: string, errors: ErrorTable): StanzaCondition {
  const condition = statusToCondition({ status, reason }, errors);
  if (condition === undefined) throw new Error(`status ${status} is no failure`); // It is above 300.
  return condition;
}

const BLOCKED = "urn:xmpp:blocking:errors";
