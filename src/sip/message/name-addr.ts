/** name-addr and addr-spec: From, To, Contact, Route, Record-Route, P-Asserted-Identity … RFC 3261 §20.10, §20, §25.1. */

import {
  COLON,
  COMMA,
  GREATER,
  LESS,
  QUOTE,
  quotedEnd,
  SEMICOLON,
  SPACE,
  skipSpace,
  TAB,
  trimmedSlice,
} from "./characters";
import { formatParameters, type Parameters, parseParameters, quoteString, unquoteString } from "./values";

export interface NameAddr {
  /** Without quotes and escapes; absent when there is none or it is empty. */
  readonly displayName?: string;
  /** As it stood on the wire, without angle brackets; any scheme. */
  readonly uri: string;
  /** Header parameters (`tag`, `expires` …), never those of the URI. */
  readonly parameters: Parameters;
}

/**
 * Reads one name-addr or addr-spec with its header parameters. Without angle brackets whatever follows the first
 * semicolon belongs to the header (§20.10), so that `sip:juliet@p1.test;tag=x` has a tag.
 * Undefined for anything else: no scheme, space or a bracket in the URI, text after the brackets, `*`, two values.
 */
export function parseNameAddr(value: string): NameAddr | undefined {
  const start = skipSpace(value, 0);
  if (value.charCodeAt(start) === LESS) return bracketed(value, start, undefined);
  if (value.charCodeAt(start) === QUOTE) {
    const end = quotedEnd(value, start);
    return end < 0
      ? undefined
      : bracketed(value, skipSpace(value, end), unquoteString(value.slice(start, end)));
  }
  const bracket = value.indexOf("<");
  if (bracket < 0) return bare(value, start);
  const name = trimmedSlice(value, start, bracket);
  // A colon, comma, semicolon or quote here is another address, or a bracket inside a quoted parameter.
  return NOT_IN_PLAIN_NAME.test(name) ? bare(value, start) : bracketed(value, bracket, name);
}

/** Writes the brackets always, so that nothing of the URI can be taken for a header parameter. */
export function formatNameAddr(address: {
  readonly displayName?: string | undefined;
  readonly uri: string;
  readonly parameters?: Parameters;
}): string {
  const name = address.displayName ? `${quoteString(address.displayName)} ` : "";
  return `${name}<${address.uri}>${address.parameters ? formatParameters(address.parameters) : ""}`;
}

/** Is this an absolute URI as far as a header needs it: a scheme, something after it, no space, quote or bracket? */
export function isUri(text: string): boolean {
  const colon = schemeEnd(text);
  if (colon < 1 || colon + 1 === text.length) return false;
  for (let at = colon + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code <= SPACE || code === QUOTE || code === LESS || code === GREATER || code === DELETE) return false;
  }
  return true;
}

function bracketed(value: string, open: number, displayName: string | undefined): NameAddr | undefined {
  if (value.charCodeAt(open) !== LESS) return undefined;
  const close = value.indexOf(">", open);
  if (close < 0) return undefined;
  const uri = value.slice(open + 1, close);
  const parameters = isUri(uri) ? parseParameters(value, close + 1) : undefined;
  if (parameters === undefined) return undefined;
  return displayName ? { displayName, uri, parameters } : { uri, parameters };
}

/** addr-spec: comma and question mark would need brackets (§20), so they are refused. */
function bare(value: string, start: number): NameAddr | undefined {
  let end = start;
  while (end < value.length) {
    const code = value.charCodeAt(end);
    if (code === SEMICOLON || code === SPACE || code === TAB) break;
    if (code === COMMA || code === QUESTION_MARK) return undefined;
    end++;
  }
  const uri = value.slice(start, end);
  const parameters = isUri(uri) ? parseParameters(value, end) : undefined;
  return parameters && { uri, parameters };
}

/** The index of the colon after a scheme (RFC 3986 §3.1: a letter, then letters, digits, `+ - .`); -1 for none. */
function schemeEnd(text: string): number {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === COLON) return at;
    const isLetter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
    const isLater = (code >= 0x30 && code <= 0x39) || code === 0x2b || code === 0x2d || code === 0x2e;
    if (!isLetter && !(at > 0 && isLater)) return -1;
  }
  return -1;
}

const QUESTION_MARK = 0x3f;
const DELETE = 0x7f;
const NOT_IN_PLAIN_NAME = /[:;,">]/;
