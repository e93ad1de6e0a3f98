/** Character classes and scanning steps of the grammar. RFC 3261 §25.1. */

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const SLASH = 0x2f;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const LESS = 0x3c;
export const EQUAL = 0x3d;
export const GREATER = 0x3e;
export const OPEN_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;

/** The index after the token that starts at `from`; `from` itself where none does. */
export function tokenEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && isTokenCode(text.charCodeAt(at))) at++;
  return at;
}

/** Is the whole text one token? */
export function isToken(text: string): boolean {
  return text.length > 0 && tokenEnd(text, 0) === text.length;
}

/** The index of the first character at or after `from` that is neither space nor tab (folds are gone by then). */
export function skipSpace(text: string, from: number): number {
  let at = from;
  while (isSpaceCode(text.charCodeAt(at))) at++;
  return at;
}

/** Is this character code a space or a tab? */
export function isSpaceCode(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** The part of the text from `from` to `to` without spaces and tabs around it; other Unicode spaces stay. */
export function trimmedSlice(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isSpaceCode(text.charCodeAt(start))) start++;
  while (end > start && isSpaceCode(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/**
 * The index after the quoted string whose opening quote is at `from`; -1 when it is never closed.
 */
export function quotedEnd(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code === BACKSLASH) at++;
  }
  return -1;
}

/**
 * The index after an unquoted parameter value at `from`: token or host in the grammar, and more than that is taken,
 * since tags and epids with "=" or "@" exist. Ends at space, `; , " < >` and controls.
 */
export function plainValueEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code <= SPACE || code === 0x7f) break;
    if (code === SEMICOLON || code === COMMA || code === QUOTE || code === LESS || code === GREATER) break;
    at++;
  }
  return at;
}

/**
 * Reads decimal digits, and nothing else, as a number; undefined when there is another character, none at all, or
 * the number is above `maximum`.
 */
export function parseDigits(text: string, maximum: number, from = 0, to = text.length): number | undefined {
  if (from >= to) return undefined;
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return undefined;
    value = value * 10 + digit;
    if (value > maximum) return undefined;
  }
  return value;
}

/** Is every character of this short text one octet of UTF-8? */
export function isAsciiText(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}

function isTokenCode(code: number): boolean {
  return code < 128 && TOKEN[code] === 1;
}

const TOKEN = new Uint8Array(128);
for (const character of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~") {
  TOKEN[character.charCodeAt(0)] = 1;
}
