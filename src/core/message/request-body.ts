/** Bodies of the MESSAGEs that we send. RFC 3428 §4, RFC 3922 §4.1, RFC 5438 §7.1.1. */

import type { SipMessageOut } from "../effect";
import { cpimUri } from "./addresses";
import { parseCpim, writeCpim } from "./cpim";
import { formatDateTime } from "./date-time";
import { IS_COMPOSING_TYPE, type IsComposing, isComposingDocument } from "./is-composing";
import type { LocalizedText } from "./localized";

/** What stands around the text in a CPIM message that asks for notifications. */
export interface CpimWrapping {
  readonly fromUri: string;
  readonly toUri: string;
  readonly subjects: readonly LocalizedText[];
  readonly wants: readonly ("received" | "displayed")[];
  readonly imdnMessageId: string;
  /** Milliseconds since 1970: DateTime is mandatory with IMDN. */
  readonly now: number;
  readonly scheme: "im" | "sip";
}

/** A text in a CPIM message; subjects in all their languages (RFC 3922 §4.1.6). */
export function cpimBody(text: string, wrapping: CpimWrapping): Uint8Array {
  const dispositions = wrapping.wants.map((want) => (want === "received" ? "positive-delivery" : "display"));
  return writeCpim({
    fromUri: cpimUri(wrapping.fromUri, wrapping.scheme),
    toUri: cpimUri(wrapping.toUri, wrapping.scheme),
    dateTime: formatDateTime(wrapping.now),
    subjects: wrapping.subjects.map(({ text: subject, language, marked }) =>
      marked && language !== undefined ? { text: subject, language } : { text: subject },
    ),
    imdn: { messageId: wrapping.imdnMessageId, dispositions },
    contentHeaders: [["Content-Type", "text/plain; charset=utf-8"]],
    content: UTF8.encode(text),
  });
}

/**
 * The same message without its CPIM wrapping, for a phone that refused it; a new transaction.
 * @param branch and cseq of the new request
 */
export function unwrapCpim(request: SipMessageOut, branch: string, cseq: number): SipMessageOut {
  const cpim = parseCpim(request.body);
  if (!cpim.ok) throw new Error("not a CPIM message of ours"); // We wrote it ourselves, with `cpimBody`.
  return { ...request, branch, cseq, contentType: "text/plain;charset=UTF-8", body: cpim.value.content.body };
}

/** The MESSAGE of its own that says "I am writing". RFC 3994 §4. */
export function isComposingRequest(
  status: IsComposing,
  envelope: Omit<SipMessageOut, "contentType" | "headers" | "body">,
): SipMessageOut {
  const { toUri, fromUri, fromTag, callId, cseq, branch, peer } = envelope;
  const body = isComposingDocument(status);
  return {
    toUri,
    fromUri,
    fromTag,
    callId,
    cseq,
    branch,
    contentType: IS_COMPOSING_TYPE,
    headers: [],
    body,
    peer,
  };
}

/** COMPAT(libpurple 2.14): shows text/plain as HTML, so that `<b>` vanishes and line ends become blanks. */
export function plainAsHtml(text: string): string {
  return text.replace(HTML_SPECIAL, (character) => HTML_REFERENCES[character] as string);
}

const HTML_SPECIAL = /[&<>\n]/g;
const HTML_REFERENCES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "\n": "<br>",
};
const UTF8 = new TextEncoder();
