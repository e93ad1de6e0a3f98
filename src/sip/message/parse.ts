/** Octets to SIP messages. RFC 3261 §7, §18.3; what a server must be able to answer: §8.2.6, §21.4.1. */

import type { Mutable } from "../../core/mutable";
import { contentLength } from "./content-length";
import { readHeaderBlock, skipLeadingLineEnds } from "./header-block";
import { headerFieldsOfLines, readHeaderFields } from "./header-fields";
import { HeaderList } from "./header-list";
import { DEFAULT_LIMITS, type ParseLimits } from "./limits";
import { checkFields, isCopyable } from "./mandatory-fields";
import type { ParseProblem, SipMessage, SipRequest, SipResponse } from "./message";
import { parseStartLine } from "./start-line";

export type { ParseLimits } from "./limits";

/**
 * Reads one whole message: a datagram, or one frame of a stream. CR and LF before it are skipped; octets after the
 * body that Content-Length gives are dropped; without Content-Length the body goes to the end (§18.3).
 * What it returns as a message has exactly one readable From, To, Call-ID and CSeq and a readable topmost Via.
 * The body is a view of `bytes`, and header values may keep the decoded header block alive: copy what is kept long.
 */
export function parseMessage(bytes: Buffer, limits: ParseLimits = DEFAULT_LIMITS): SipMessage | ParseProblem {
  const start = skipLeadingLineEnds(bytes);
  const block = readHeaderBlock(bytes, start, limits.maximumHeaderBytes);
  const { text, bodyStart } = block;
  const firstLineEnd = text.indexOf("\n");
  if (firstLineEnd < 0) return problem(400, "Malformed start line");
  const isCrLf = text.charCodeAt(firstLineEnd - 1) === 0x0d;
  const startLine = parseStartLine(text.slice(0, isCrLf ? firstLineEnd - 1 : firstLineEnd));
  if (startLine.kind === "neither") return problem(400, "Malformed start line");

  const { fields, problem: lineProblem } =
    block.lines === undefined
      ? readHeaderFields(text, firstLineEnd + 1, limits)
      : headerFieldsOfLines(bytes, text, start, block.lines, limits);
  const headers = new HeaderList(fields);
  const method = startLine.kind === "request" ? startLine.method : undefined;
  const check = checkFields(fields, method);
  const length = contentLength(headers.getAll("Content-Length"));
  const bodyEnd = typeof length === "number" ? bodyStart + length : bytes.length;
  const fault =
    (bytes.length - start > limits.maximumBytes ? TOO_LARGE : undefined) ??
    (block.problem && BLOCK_FAULTS[block.problem]) ??
    (firstLineEnd > limits.maximumLineLength ? LINE_FAULTS["line-too-long"] : undefined) ??
    (startLine.kind === "request" ? startLine.problem : undefined) ??
    (lineProblem && LINE_FAULTS[lineProblem]) ??
    (check.fault === undefined ? undefined : { status: 400, reason: check.fault }) ??
    (length === "malformed" ? MALFORMED_LENGTH : undefined) ??
    (bodyEnd > bytes.length ? BODY_SHORT : undefined);

  if (startLine.kind === "response") {
    const { status, reason } = startLine;
    if (fault) return problem(fault.status, fault.reason);
    const body = bytes.subarray(bodyStart, bodyEnd);
    const response: Mutable<SipResponse> = { kind: "response", status, reason, headers, body };
    if (check.read !== undefined) response.read = check.read;
    return response;
  }
  const body = fault ? NO_BODY : bytes.subarray(bodyStart, bodyEnd);
  const request: Mutable<SipRequest> = {
    kind: "request",
    method: startLine.method,
    uri: startLine.uri,
    headers,
    body,
    isAscii: block.isAscii,
  };
  if (check.read !== undefined) request.read = check.read;
  if (!fault) return request;
  const isAnswerable = check.read !== undefined && (block.problem === undefined || isCopyable(fields));
  return isAnswerable ? { kind: "problem", ...fault, partial: request } : { kind: "problem", ...fault };
}

function problem(status: number, reason: string): ParseProblem {
  return { kind: "problem", status, reason };
}

const NO_BODY = Buffer.alloc(0);
const TOO_LARGE = { status: 513, reason: "Message Too Large" };
const MALFORMED_LENGTH = { status: 400, reason: "Malformed Content-Length" };
const BODY_SHORT = { status: 400, reason: "Body shorter than Content-Length" };
const BLOCK_FAULTS = {
  unterminated: { status: 400, reason: "Header fields do not end" },
  "too-long": { status: 513, reason: "Header fields too large" },
  "not-utf-8": { status: 400, reason: "Header fields are not UTF-8" },
  control: { status: 400, reason: "Control character in header fields" },
};
const LINE_FAULTS = {
  "malformed-line": { status: 400, reason: "Malformed header field" },
  "too-many": { status: 513, reason: "Too many header fields" },
  "line-too-long": { status: 513, reason: "Header field too long" },
};
