/** Request-Line and Status-Line. RFC 3261 §7.1, §7.2. */

import { isToken, parseDigits } from "./characters";
import { isUri } from "./name-addr";

export type StartLine =
  | {
      readonly kind: "request";
      readonly method: string;
      readonly uri: string;
      readonly problem: StartLineProblem | undefined;
    }
  | { readonly kind: "response"; readonly status: number; readonly reason: string }
  | { readonly kind: "neither" };

export interface StartLineProblem {
  readonly status: 400 | 505;
  readonly reason: string;
}

/**
 * Reads a start line without its line end. A request whose line is wrong but has three parts keeps them, so that it
 * can be answered; a response with a fault is "neither": nobody answers a response.
 */
export function parseStartLine(line: string): StartLine {
  // A letter decides it for nearly every request.
  if ((line.charCodeAt(0) | 0x20) === LETTER_S && isVersion(line.slice(0, 4))) return parseStatusLine(line);
  const firstSpace = line.indexOf(" ");
  const lastSpace = line.endsWith(" SIP/2.0") ? line.length - 8 : line.lastIndexOf(" ");
  if (firstSpace <= 0 || lastSpace === firstSpace) return NEITHER;
  const method = line.slice(0, firstSpace);
  if (!isToken(method)) return NEITHER;
  const uri = line.slice(firstSpace + 1, lastSpace);
  return { kind: "request", method, uri, problem: requestProblem(uri, line.slice(lastSpace + 1)) };
}

function requestProblem(uri: string, version: string): StartLineProblem | undefined {
  if (version !== "SIP/2.0" && version.toUpperCase() !== "SIP/2.0") {
    if (VERSION.test(version)) return { status: 505, reason: "Version Not Supported" };
    return { status: 400, reason: "Malformed Request-Line" };
  }
  return isUri(uri) ? undefined : { status: 400, reason: "Malformed Request-URI" };
}

/** The space after the status code is required by the grammar, but is left out with an empty reason by some. */
function parseStatusLine(line: string): StartLine {
  if (line.slice(0, 8).toUpperCase() !== "SIP/2.0 ") return NEITHER;
  const status = parseDigits(line, 699, 8, 11);
  const isWhole = line.length >= 11 && (line.length === 11 || line.charCodeAt(11) === 0x20);
  if (status === undefined || status < 100 || !isWhole) return NEITHER;
  return { kind: "response", status, reason: line.slice(12) };
}

function isVersion(start: string): boolean {
  return start === "SIP/" || start.toUpperCase() === "SIP/";
}

const LETTER_S = 0x73;
const NEITHER: StartLine = { kind: "neither" };
const VERSION = /^SIP\/\d{1,9}\.\d{1,9}$/i;
