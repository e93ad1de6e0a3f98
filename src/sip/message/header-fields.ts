/** Lines to header fields: names, folded lines, white space. RFC 3261 §7.3.1. */

import { canonicalName, knownNameAt } from "./canonical-name";
import { CR, isSpaceCode, isToken, trimmedSlice } from "./characters";
import type { HeaderField } from "./header-list";
import type { ParseLimits } from "./limits";

export interface HeaderFields {
  readonly fields: HeaderField[];
  readonly problem: HeaderFieldsProblem | undefined;
}

export type HeaderFieldsProblem = "malformed-line" | "too-many" | "line-too-long";

/**
 * Reads the lines of a header block from `start` (the line after the start line). Names become canonical; a folded
 * value becomes one line, each fold one space. The first fault is reported; the readable fields are there all the same.
 */
export function readHeaderFields(text: string, start: number, limits: ParseLimits): HeaderFields {
  const fields: HeaderField[] = [];
  let problem: HeaderFieldsProblem | undefined;
  let colon = -1;
  let lines = 0;
  let at = start;
  while (at < text.length) {
    if (++lines > limits.maximumHeaders) return { fields, problem: problem ?? "too-many" };
    const firstLineEnd = lineEnd(text, at);
    const end = isSpaceCode(text.charCodeAt(firstLineEnd + 1)) ? foldedEnd(text, firstLineEnd) : firstLineEnd;
    // Sought once and kept until it is passed, so that lines without a colon do not search the rest again and again.
    if (colon < at) colon = indexOrEnd(text, ":", at);
    const name = colon < firstLineEnd ? headerName(text, at, colon) : undefined;
    // A field that is too long stays: were it a Via, a response without it would go astray.
    if (end - at > limits.maximumLineLength) problem ??= "line-too-long";
    if (name === undefined) problem ??= "malformed-line";
    else {
      const value = end === firstLineEnd ? lineValue(text, colon + 1, end) : unfolded(text, colon + 1, end);
      fields.push([name, value]);
    }
    at = end + 1;
  }
  return { fields, problem };
}

/**
 * The same, where every line is known and none is folded.
 * @param lines as `readHeaderBlock` gives them, the start line first
 * @param start index in `bytes` of the first character of `text`; one octet each
 */
export function headerFieldsOfLines(
  bytes: Uint8Array,
  text: string,
  start: number,
  lines: readonly number[],
  limits: ParseLimits,
): HeaderFields {
  const fields: HeaderField[] = [];
  let problem: HeaderFieldsProblem | undefined;
  for (let line = 3; line < lines.length; line += 3) {
    if (line > 3 * limits.maximumHeaders) return { fields, problem: problem ?? "too-many" };
    const [at, colon, end] = [lines[line]!, lines[line + 1]!, lines[line + 2]!];
    const name =
      colon < 0 ? undefined : (knownNameAt(bytes, start + at, start + colon) ?? headerName(text, at, colon));
    if (end - at > limits.maximumLineLength) problem ??= "line-too-long";
    if (name === undefined) problem ??= "malformed-line";
    else fields.push([name, lineValue(text, colon + 1, end)]);
  }
  return { fields, problem };
}

/** The canonical name between `start` and `colon`; white space may stand before the colon (HCOLON, §25.1). */
function headerName(text: string, start: number, colon: number): string | undefined {
  let end = colon;
  while (end > start && isSpaceCode(text.charCodeAt(end - 1))) end--;
  const spelled = text.slice(start, end);
  const name = canonicalName(spelled);
  return name !== spelled || isToken(spelled) ? name : undefined;
}

function lineValue(text: string, start: number, end: number): string {
  return trimmedSlice(text, start, text.charCodeAt(end - 1) === CR ? end - 1 : end);
}

/** The end of the last line that begins with white space, which continues the line before it. */
function foldedEnd(text: string, firstLineEnd: number): number {
  let end = firstLineEnd;
  while (isSpaceCode(text.charCodeAt(end + 1))) end = lineEnd(text, end + 1);
  return end;
}

function unfolded(text: string, start: number, end: number): string {
  const parts: string[] = [];
  for (let at = start; at < end; ) {
    const stop = lineEnd(text, at);
    const part = lineValue(text, at, stop);
    if (part !== "") parts.push(part);
    at = stop + 1;
  }
  return parts.join(" ");
}

function lineEnd(text: string, from: number): number {
  return indexOrEnd(text, "\n", from);
}

function indexOrEnd(text: string, wanted: string, from: number): number {
  const index = text.indexOf(wanted, from);
  return index < 0 ? text.length : index;
}
