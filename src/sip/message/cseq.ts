/** The CSeq header field: a number and a method. RFC 3261 §20.16, §8.1.1.5. */

import { parseDigits, skipSpace, tokenEnd } from "./characters";

export interface CSeq {
  /** Fits 32 bits unsigned. */
  readonly number: number;
  /** Case-sensitive, as every method is (§7.1). */
  readonly method: string;
}

/** Reads CSeq; undefined when it is malformed or the number needs more than 32 bits. */
export function parseCSeq(value: string): CSeq | undefined {
  const start = skipSpace(value, 0);
  const end = tokenEnd(value, start);
  const number = parseDigits(value, MAXIMUM_SEQUENCE, start, end);
  const methodStart = skipSpace(value, end);
  if (number === undefined || methodStart === end) return undefined;
  const methodEnd = tokenEnd(value, methodStart);
  if (methodEnd === methodStart || skipSpace(value, methodEnd) !== value.length) return undefined;
  return { number, method: value.slice(methodStart, methodEnd) };
}

export function formatCSeq(cseq: CSeq): string {
  return `${cseq.number} ${cseq.method}`;
}

/** §20.16: expressible in 32 bits unsigned. (What we choose ourselves stays under 2^31, §8.1.1.5.) */
const MAXIMUM_SEQUENCE = 0xffff_ffff;
