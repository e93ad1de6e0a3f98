/** Content-Type values: `type/subtype;name=value`. RFC 3261 §20.15 and §25.1 (media-type), RFC 2045 §5.1. */

export interface MediaType {
  /** Lower case, `type/subtype`. */
  readonly type: string;
  /** By lower-case name; the first of a name counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * Reads the value of Content-Type, or of Content-Disposition (which has no slash).
 * @returns undefined when it is none
 */
export function parseMediaType(value: string): MediaType | undefined {
  return COMMON.get(value) ?? parse(value);
}

function parse(value: string): MediaType | undefined {
  const semicolon = value.indexOf(";");
  const head = semicolon < 0 ? value : value.slice(0, semicolon);
  const type = head.replace(BLANKS, "").toLowerCase();
  if (!TYPE.test(type)) return undefined;
  if (semicolon < 0) return { type, parameters: NO_PARAMETERS };
  const parameters = parseParameters(value, semicolon);
  return parameters === undefined ? undefined : { type, parameters };
}

/** Reads `;name=value` and `;name="value"` from the semicolon on; a sticky search, so that each octet is looked at once. */
function parseParameters(value: string, from: number): Map<string, string> | undefined {
  const parameters = new Map<string, string>();
  const search = new RegExp(PARAMETER);
  search.lastIndex = from;
  while (search.lastIndex < value.length) {
    const match = search.exec(value);
    if (match === null) return undefined;
    const name = match[1]?.toLowerCase();
    if (name === undefined || parameters.has(name)) continue;
    parameters.set(name, match[2] ?? (match[3] as string).replace(QUOTED_PAIR, "$1"));
  }
  return parameters;
}

export const PLAIN_TEXT: MediaType = { type: "text/plain", parameters: new Map() };

const NO_PARAMETERS: ReadonlyMap<string, string> = PLAIN_TEXT.parameters;
const BLANKS = /[ \t]+/g;
const TYPE = /^[!#$%&'*+\-.^_`|~0-9a-z]+(?:\/[!#$%&'*+\-.^_`|~0-9a-z]+)?$/;
/** One parameter, or a stray semicolon at the end. A token may hold what MIME forbids in it and phones write: ":/?=@". */
const PARAMETER =
  /;[ \t]*(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*=[ \t]*(?:([^\s";,]+)|"((?:[^"\\]|\\.)*)")[ \t]*)?/y;
const PLAIN_UTF8: MediaType = { type: "text/plain", parameters: new Map([["charset", "UTF-8"]]) };
/** As nearly every message has it; the others are read. */
const COMMON: ReadonlyMap<string, MediaType> = new Map([
  ["text/plain", PLAIN_TEXT],
  ["text/plain;charset=UTF-8", PLAIN_UTF8],
  ["text/plain; charset=UTF-8", PLAIN_UTF8],
  ["text/plain;charset=utf-8", PLAIN_UTF8],
  ["text/plain; charset=utf-8", PLAIN_UTF8],
]);
const QUOTED_PAIR = /\\(.)/g;
