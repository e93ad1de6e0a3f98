/** The stanza that carries a chat state alone. XEP-0085 §4, RFC 7573 §6. */

import { type Element, element } from "../../xml/element";
import { NS } from "../../xml/namespaces";
import type { ChatState } from "./composing";

/** From and to are JIDs. It has no id: nobody waits for it. */
export function chatStateStanza(state: ChatState, from: string, to: string): Element {
  return element(NS.client, "message", { from, to, type: "chat" }, element(NS.chatStates, state));
}
