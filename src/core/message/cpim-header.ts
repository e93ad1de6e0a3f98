/** One header line of a CPIM message: name, namespace, parameters, value, and the escapes in it. RFC 3862 §2.3, §3. */

export interface CpimHeader {
  /** Namespace name that the prefix stood for; a prefix that was not declared is one of its own, `prefix:` and its text. */
  readonly ns: string;
  /** Without prefix; upper and lower case matter. */
  readonly name: string;
  readonly language?: string;
  /** Still escaped, without blanks around it. */
  readonly value: string;
}

/**
 * Reads a line.
 * @param prefixes namespace by prefix, as declared so far; "" is the default
 * @returns undefined when it is no header
 */
export function cpimHeader(line: string, prefixes: ReadonlyMap<string, string>): CpimHeader | undefined {
  const match = HEADER.exec(line);
  if (match === null || CONTROLS.test(line)) return undefined;
  const prefix = match[1] ?? "";
  const ns = prefixes.get(prefix) ?? `prefix:${prefix}`;
  const language = LANGUAGE.exec(match[3] as string)?.[1];
  const header = { ns, name: match[2] as string, value: (match[4] as string).trim() };
  return language === undefined ? header : { ...header, language };
}

/** Characters → header text: controls and backslashes become escapes, everything else stays. RFC 3862 §2.3.1. */
export function escapeValue(text: string): string {
  return NEEDS_ESCAPE.test(text) ? text.replace(ESCAPED, escapeOf) : text;
}

/** Header text → characters; an escape that means nothing stands for its second character. RFC 3862 §2.3.1. */
export function unescapeValue(value: string): string {
  return value.includes("\\") ? value.replace(ESCAPE, meaningOf) : value;
}

function escapeOf(character: string): string {
  const letter = LETTER_OF[character];
  if (letter !== undefined) return `\\${letter}`;
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function meaningOf(_escape: string, hex: string | undefined, letter: string | undefined): string {
  if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
  if (letter === undefined) return "";
  return CHARACTER_OF[letter] ?? letter;
}

/** A namespace prefix, or a header name without one: no dot, no separator. */
export const NAME = /^[!#-'*+\-^-`|~A-Za-z0-9]+$/;

/** Name, parameters, value. The blank after the colon may be missing: some senders leave it out. */
const HEADER =
  /^(?:([!#-'*+\-^-`|~A-Za-z0-9]+)\.)?([!#-'*+\-^-`|~A-Za-z0-9]+):((?:;[!#-'*+\-^-`|~A-Za-z0-9]+=(?:"(?:[^"\\]|\\.)*"|[^\s";]+))*)(.*)$/s;
const LANGUAGE = /;lang=([^\s";]+)/;
const CONTROLS = /[\u0000-\u0008\u000A-\u001F\u007F]/;
const NEEDS_ESCAPE = /[\u0000-\u001F\u007F\\]/;
const ESCAPED = /[\u0000-\u001F\u007F\\]/g;
const ESCAPE = /\\(?:u([0-9A-Fa-f]{4})|(.))?/gs;
const LETTER_OF: Readonly<Record<string, string>> = {
  "\\": "\\",
  "\b": "b",
  "\t": "t",
  "\n": "n",
  "\r": "r",
};
const CHARACTER_OF: Readonly<Record<string, string>> = { b: "\b", t: "\t", n: "\n", r: "\r" };
