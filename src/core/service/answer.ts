/** Answers to IQs: the addresses turned round, the id kept. RFC 6120 §8.2.3 and §8.3. */

import { type Element, element } from "../../xml/element";
import { NS } from "../../xml/namespaces";
import type { Rejection, StanzaErrorType } from "../rejection";
import { SERVICE } from "./namespaces";

/** Why an IQ is refused. */
export interface Refusal {
  readonly type: StanzaErrorType;
  readonly condition: string;
  /** For a person; English. */
  readonly text?: string;
  /** Condition of XEP-0050 §4.4 beside the general one. */
  readonly command?: CommandCondition;
}

export type CommandCondition =
  | "malformed-action"
  | "bad-action"
  | "bad-payload"
  | "bad-sessionid"
  | "session-expired";

/** The result of an IQ, with or without content. */
export function resultOf(iq: Element, content?: Element): Element {
  return answer(iq, "result", content);
}

/** The error that answers an IQ. */
export function refusalOf(iq: Element, { type, condition, text, command }: Refusal): Element {
  const error = element(
    NS.client,
    "error",
    { type },
    element(NS.stanzas, condition),
    text === undefined ? undefined : element(NS.stanzas, "text", { "xml:lang": "en" }, text),
    command === undefined ? undefined : element(SERVICE.commands, command),
  );
  return answer(iq, "error", error);
}

/** A rejection of the registry as the answer to an IQ. */
export function refusalBy({ type, condition, text }: Rejection): Refusal {
  return { type, condition, text };
}

function answer(stanza: Element, type: string, content: Element | undefined): Element {
  const { from, to, id } = stanza.attrs;
  return element(NS.client, stanza.name, { type, from: to, to: from, id }, content);
}
