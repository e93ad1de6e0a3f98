/** Errors that answer stanzas of any kind: the addresses turned round, the id kept. RFC 6120 §8.1.2, §8.1.3, §8.3. */

import type { StanzaErrorType } from "../core/rejection";
import { refusalOf } from "../core/service/answer";
import type { Element } from "../xml/element";

/** A stanza error for a stanza that has an id and asked for something. */
export function errorFor(stanza: Element, type: StanzaErrorType, condition: string): Element {
  return refusalOf(stanza, { type, condition });
}
