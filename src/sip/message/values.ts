/** Lists, parameters and quoted strings inside header values. RFC 3261 §7.3.1, §25.1. */

import {
  COMMA,
  EQUAL,
  GREATER,
  isToken,
  LESS,
  plainValueEnd,
  QUOTE,
  quotedEnd,
  SEMICOLON,
  skipSpace,
  tokenEnd,
  trimmedSlice,
} from "./characters";

/** Parameters by lower-case name; a parameter without "=" has the value undefined. Quoted values are unescaped. */
export interface Parameters extends Iterable<[name: string, value: string | undefined]> {
  readonly size: number;
  get(name: string): string | undefined;
  has(name: string): boolean;
}

/**
 * Splits a value that may hold a comma-separated list (§7.3.1). Commas in quoted strings and in angle brackets do
 * not count; empty elements are left out. Not for WWW-Authenticate and its kin, whose commas mean something else.
 */
export function splitValues(value: string): string[] {
  if (value.indexOf(",") < 0) return value === "" ? [] : [value];
  const values: string[] = [];
  let start = 0;
  while (start <= value.length) {
    const end = listElementEnd(value, start);
    const element = trimmedSlice(value, start, end);
    if (element !== "") values.push(element);
    start = end + 1;
  }
  return values;
}

/** The first element of a comma-separated list; "" when there is none. */
export function firstValue(value: string): string {
  return value.indexOf(",") < 0 ? value : (splitValues(value)[0] ?? "");
}

/**
 * Reads `;name=value;name…` from `from` to the end of the text. Undefined when it is malformed: an empty parameter,
 * a name that is no token, an unclosed quote. Of a name that comes twice (§7.3.1 forbids it; a second To tag was seen
 * in a response) the first counts.
 */
export function parseParameters(text: string, from = 0): Parameters | undefined {
  let parameters: Map<string, string | undefined> | FewParameters | undefined;
  let at = skipSpace(text, from);
  while (at < text.length) {
    if (text.charCodeAt(at) !== SEMICOLON) return undefined;
    const start = skipSpace(text, at + 1);
    const end = tokenEnd(text, start);
    if (end === start) return undefined;
    const name = parameterName(text, start, end);
    at = skipSpace(text, end);
    let value: string | undefined;
    if (text.charCodeAt(at) === EQUAL) {
      const valueStart = skipSpace(text, at + 1);
      const valueEnd = parameterValueEnd(text, valueStart);
      if (valueEnd < 0) return undefined;
      value = unquoteString(text.slice(valueStart, valueEnd));
      at = skipSpace(text, valueEnd);
    }
    if (parameters === undefined) parameters = new FewParameters();
    else if (parameters.size === FEW && parameters instanceof FewParameters) parameters = new Map(parameters);
    if (!parameters.has(name)) parameters.set(name, value);
  }
  return parameters ?? NO_PARAMETERS;
}

/** The lower-case name between two indices; the usual ones are not made anew each time. */
function parameterName(text: string, start: number, end: number): string {
  if (end - start === 3 && text.startsWith("tag", start)) return "tag";
  if (end - start === 6 && text.startsWith("branch", start)) return "branch";
  if (end - start === 5 && text.startsWith("rport", start)) return "rport";
  return text.slice(start, end).toLowerCase();
}

/** Most addresses have one parameter, the tag, and a Via has three: a Map for each would cost more than reading them. */
class FewParameters implements Parameters {
  /** Names and values in turn. */
  readonly #pairs: (string | undefined)[] = [];

  get size(): number {
    return this.#pairs.length / 2;
  }

  get(name: string): string | undefined {
    const pairs = this.#pairs;
    for (let at = 0; at < pairs.length; at += 2) if (pairs[at] === name) return pairs[at + 1];
    return undefined;
  }

  has(name: string): boolean {
    const pairs = this.#pairs;
    for (let at = 0; at < pairs.length; at += 2) if (pairs[at] === name) return true;
    return false;
  }

  set(name: string, value: string | undefined): void {
    this.#pairs.push(name, value);
  }

  *[Symbol.iterator](): Iterator<[string, string | undefined]> {
    const pairs = this.#pairs;
    for (let at = 0; at < pairs.length; at += 2) yield [pairs[at] as string, pairs[at + 1]];
  }
}

/** A value followed by parameters, such as Event or Subscription-State: `active;expires=60`. */
export function parseParameterized(
  value: string,
): { readonly value: string; readonly parameters: Parameters } | undefined {
  const semicolon = value.indexOf(";");
  const end = semicolon < 0 ? value.length : semicolon;
  const head = trimmedSlice(value, 0, end);
  const parameters = head === "" ? undefined : parseParameters(value, end);
  return parameters && { value: head, parameters };
}

/** Writes `;name=value…`, each value quoted where it needs to be; "" for none. */
export function formatParameters(parameters: Parameters): string {
  let text = "";
  for (const [name, value] of parameters) text += formatParameter(name, value);
  return text;
}

/** Writes one `;name=value` or `;name`. */
export function formatParameter(name: string, value: string | undefined): string {
  if (value === undefined) return `;${name}`;
  return `;${name}=${isToken(value) || isHostLike(value) ? value : quoteString(value)}`;
}

/** `"text"` with quotes and backslashes escaped; controls, which a quoted string cannot or should not hold, become spaces. */
export function quoteString(text: string): string {
  return `"${text.replace(CONTROLS, " ").replace(NEEDS_ESCAPE, "\\$&")}"`;
}

/** What a quoted string stands for, its escapes undone; any other text as it is. */
export function unquoteString(text: string): string {
  if (text.charCodeAt(0) !== QUOTE || text.charCodeAt(text.length - 1) !== QUOTE || text.length < 2)
    return text;
  const inner = text.slice(1, -1);
  return inner.indexOf("\\") < 0 ? inner : inner.replace(ESCAPED, "$1");
}

/** The index after the parameter value at `from`, quoted or plain; -1 when there is none or its quote is not closed. */
export function parameterValueEnd(text: string, from: number): number {
  if (text.charCodeAt(from) === QUOTE) return quotedEnd(text, from);
  const end = plainValueEnd(text, from);
  return end === from ? -1 : end;
}

/** The index of the comma that ends the list element at `from`, or the length of the text. */
function listElementEnd(value: string, from: number): number {
  let inBrackets = false;
  for (let at = from; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code === QUOTE && !inBrackets) {
      const end = quotedEnd(value, at);
      if (end < 0) return value.length; // Never closed: the rest is one element, and whoever reads it refuses it.
      at = end - 1;
    } else if (code === LESS) inBrackets = true;
    else if (code === GREATER) inBrackets = false;
    else if (code === COMMA && !inBrackets) return at;
  }
  return value.length;
}

/** Host names, addresses and IPv6 references go unquoted (gen-value of §25.1). */
function isHostLike(value: string): boolean {
  return HOST.test(value);
}

const HOST = /^[A-Za-z0-9.:[\]-]+$/;
const CONTROLS = /[\u0000-\u001f\u007f]+/g;
const NEEDS_ESCAPE = /["\\]/g;
const ESCAPED = /\\([\s\S])/g;
const NO_PARAMETERS: Parameters = new Map();
/** Beyond so many a Map finds them faster, however many somebody writes. */
const FEW = 6;
