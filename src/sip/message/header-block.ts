/** Finds and decodes the octets before the body: start line and header fields. RFC 3261 §7, §7.5, §25.1 (UTF-8). */

import { isUtf8 } from "node:buffer";
import { COLON, CR, isSpaceCode, LF } from "./characters";

export interface HeaderBlock {
  /** Start line and header fields, without the empty line. Lines end in CR LF or LF. */
  readonly text: string;
  /** Index of the first octet of the body. */
  readonly bodyStart: number;
  /** What is wrong with the block as a whole; its text is readable as far as it goes. */
  readonly problem: HeaderBlockProblem | undefined;
  /**
   * Three numbers for each line: the index in `text` of its first character, of its first colon (-1 without one) and of its
   * LF. Undefined where a line is folded, or text and octets differ: then the lines must be sought in the text.
   */
  readonly lines: readonly number[] | undefined;
  readonly isAscii: boolean;
}

export type HeaderBlockProblem = "unterminated" | "too-long" | "not-utf-8" | "control";

/**
 * Reads from `start` to the empty line. CR LF ends a line, and so does a bare LF, which some tools
 * send. A bare CR ends nothing and is refused.
 * @param maximum octets at most; of a longer block the whole lines within it are read
 */
export function readHeaderBlock(bytes: Buffer, start: number, maximum: number): HeaderBlock {
  const limit = Math.min(bytes.length, start + maximum);
  const lines: number[] = [];
  let classes = 0;
  let lineStart = start;
  let colon = -1;
  for (let at = start; at < limit; at++) {
    const byte = bytes[at]!;
    const kind = CLASS[byte]!;
    if (kind === 0) continue;
    if (kind === FIRST) {
      if (colon < 0) colon = at - start;
    } else if (byte === LF) {
      const isEmpty = at === lineStart || (at === lineStart + 1 && bytes[lineStart] === CR);
      if (isEmpty) return decode(bytes, start, lineStart, classes, at + 1, lines);
      lines.push(lineStart - start, colon, at - start);
      lineStart = at + 1;
      colon = -1;
      if (isSpaceCode(bytes[lineStart]!)) classes |= FOLDED;
    } else if (byte !== CR || bytes[at + 1] !== LF) classes |= kind;
  }
  const problem = limit < bytes.length ? "too-long" : "unterminated";
  return decode(bytes, start, lineStart, classes, bytes.length, undefined, problem);
}

/** Skips the CR and LF that may stand before a start line (§7.5). */
export function skipLeadingLineEnds(bytes: Buffer): number {
  let at = 0;
  while (bytes[at] === CR || bytes[at] === LF) at++;
  return at;
}

function decode(
  bytes: Buffer,
  start: number,
  end: number,
  classes: number,
  bodyStart: number,
  lines: readonly number[] | undefined,
  shortfall?: HeaderBlockProblem,
): HeaderBlock {
  const isAscii = (classes & HIGH) === 0;
  const text = isAscii ? bytes.toString("latin1", start, end) : bytes.toString("utf8", start, end);
  let problem = shortfall;
  if (!isAscii && !isUtf8(bytes.subarray(start, end))) problem ??= "not-utf-8";
  else if ((classes & CONTROL) !== 0 && UNESCAPED_CONTROL.test(text)) problem ??= "control";
  return { text, bodyStart, problem, lines: (classes & (HIGH | FOLDED)) === 0 ? lines : undefined, isAscii };
}

const CONTROL = 1;
const HIGH = 2;
const LINE = 4;
const FIRST = 8;
const FOLDED = 16;

const CLASS = new Uint8Array(256);
CLASS.fill(CONTROL, 0, 0x20);
CLASS[0x7f] = CONTROL;
CLASS[0x09] = 0;
CLASS[LF] = LINE;
CLASS[CR] = LINE | CONTROL;
CLASS.fill(HIGH, 0x80);
CLASS[COLON] = FIRST;

/** §25.1: a control may stand in a quoted string after a backslash, except CR and LF, and nowhere else. */
export const UNESCAPED_CONTROL = /(?<!\\)[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]|\r(?!\n)/;
