/** Reason-Phrase ↔ `<text/>`: one clean line either way. RFC 7247 §7, RFC 3261 §7.2, RFC 6120 §8.3.2. */

/**
 * Makes one line of a text that a peer wrote: line breaks and controls become spaces, characters that turn the reading
 * direction go, and what is longer than 200 characters is cut with an ellipsis. Undefined when nothing is left.
 */
export function oneLine(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  if (PLAIN.test(text)) return text;
  // Cut first: a long text costs no more than a short one. Cleaning only shortens.
  const start = text.slice(0, CLEANED_MAX);
  const line = start.replace(DIRECTION_OR_BROKEN, "").replace(SPACE_OR_CONTROL, " ").trim();
  const characters = [...line];
  if (characters.length > REASON_MAX) return `${characters.slice(0, REASON_MAX - 1).join("")}…`;
  return line === "" ? undefined : line;
}

/** Long enough for any sentence, short enough for a start line in one datagram. */
const REASON_MAX = 200;
/** What is looked at: room for surrogate pairs and for runs of spaces. */
const CLEANED_MAX = 4 * REASON_MAX;
const PLAIN = /^[!-~](?:[ -~]{0,198}[!-~])?$/;
const SPACE_OR_CONTROL = /[\s\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
/** Bidi embeddings, overrides and isolates; non-characters; halves of surrogate pairs. */
const DIRECTION_OR_BROKEN = /[\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]/gu;
