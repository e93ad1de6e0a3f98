/** The XMPP server bounced a message: the answer to the MESSAGE that it came from. RFC 7247 §7.1, RFC 3428 §7. */

import type { Element } from "../../xml/element";
import type { Tables } from "../tables";
import { parseStanzaError } from "./stanza-error";
import { conditionToStatus, type SipFailure } from "./xmpp-to-sip";

/**
 * The final response for a MESSAGE whose stanza came back.
 * @param error the stanza of type error
 * @param to JID that the stanza went to: full or bare makes a difference
 */
export function bounceToAnswer(
  error: Element,
  to: string,
  tables: Pick<Tables, "errors" | "domains">,
): SipFailure {
  const target = to.includes("/") ? "full" : "bare";
  return conditionToStatus({ ...parseStanzaError(error), target }, tables.errors, "MESSAGE", tables.domains);
}
