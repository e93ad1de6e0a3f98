/** JID escaping: ten characters that a localpart cannot hold, as `\hh`. XEP-0106 §4. */

import { reject } from "../rejection";
import { ok, type Result, refuse } from "../result";

export { percentDecode, percentEncodeGr, percentEncodeIm, percentEncodeUser } from "./percent";

/**
 * Escapes a name for use as a localpart (§4.2). A backslash is escaped only where it would begin one of the ten
 * sequences; their hex digits count in either case here, because case folding comes later and would make them.
 * Refused (ADDRESS_MALFORMED): a name that begins or ends with a space (§4.2), and an empty one.
 */
export function escapeLocalpart(unescaped: string): Result<string> {
  if (unescaped === "") return refuse(reject("ADDRESS_MALFORMED", "empty name"));
  if (unescaped.startsWith(" ") || unescaped.endsWith(" ")) {
    return refuse(reject("ADDRESS_MALFORMED", "space at the edge of a name"));
  }
  return ok(
    NEEDS_ESCAPE.test(unescaped) ? unescaped.replace(ESCAPED_CHARACTERS, escapeCharacter) : unescaped,
  );
}

/**
 * Undoes the ten sequences and nothing else: `\41` and `\2p` stay as they are (§4.3).
 * Refused (ADDRESS_MALFORMED): `\20` first or last (§4.2).
 * @param localpart canonical, so that its hex digits are lower case (§4.1)
 */
export function unescapeLocalpart(localpart: string): Result<string> {
  if (!localpart.includes("\\")) return ok(localpart);
  if (localpart.startsWith("\\20") || localpart.endsWith("\\20")) {
    return refuse(reject("ADDRESS_MALFORMED", "\\20 at the edge of a localpart"));
  }
  return ok(localpart.replace(SEQUENCES, unescapeSequence));
}

function escapeCharacter(character: string): string {
  return `\\${character.charCodeAt(0).toString(16)}`;
}

function unescapeSequence(sequence: string): string {
  return String.fromCharCode(Number.parseInt(sequence.slice(1), 16));
}

const NEEDS_ESCAPE = /[ "&'/:<>@\\]/;
const ESCAPED_CHARACTERS = /[ "&'/:<>@]|\\(?=20|22|26|27|2f|3a|3c|3e|40|5c)/gi;
const SEQUENCES = /\\(?:20|22|26|27|2f|3a|3c|3e|40|5c)/g;
