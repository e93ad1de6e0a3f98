/** Answers to stanzas: the addresses turned round, the id kept. RFC 6120 §8.1.2, §8.1.3, §8.3. */

import type { StanzaErrorType } from "../core/rejection";
import { type Element, element } from "../xml/element";
import { NS } from "../xml/namespaces";

/** The result of an IQ, with or without content. */
export function resultOf(iq: Element, content?: Element): Element {
  return answer(iq, "result", content);
}

/** A stanza error for a stanza that has an id and asked for something. */
export function errorFor(stanza: Element, type: StanzaErrorType, condition: string): Element {
  return answer(stanza, "error", element(NS.client, "error", { type }, element(NS.stanzas, condition)));
}

function answer(stanza: Element, type: string, content: Element | undefined): Element {
  const { from, to, id } = stanza.attrs;
  return element(NS.client, stanza.name, { type, from: to, to: from, id }, content);
}
