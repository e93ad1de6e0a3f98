/** Resourcepart ↔ id of a PIDF tuple, reversibly. RFC 8048 §6.2 note 2; xs:ID is an NCName (Namespaces in XML §3). */

import { enforceResource } from "../address/jid";

/** `ID-` and the resource, in which every octet but letters, digits, dot and hyphen is written as `_` and two digits. */
export function tupleIdOf(resource: string): string {
  if (PLAIN.test(resource)) return PREFIX + resource;
  let id = PREFIX;
  for (const octet of UTF8.encode(resource)) id += ESCAPES[octet] as string;
  return id;
}

/**
 * The resource that a tuple id stands for. An id that we did not write (without our prefix, or with an escape that we would not
 * write) is the resource as it stands.
 * @returns a resourcepart in canonical form, or "" where the id makes none: such a tuple is the person's bare address
 */
export function resourceOf(tupleId: string): string {
  const ours = tupleId.startsWith(PREFIX) ? unescapeOurs(tupleId.slice(PREFIX.length)) : undefined;
  const wanted = ours ?? tupleId.trim().slice(0, LONGEST);
  if (wanted === "") return "";
  const resource = enforceResource(wanted);
  return resource.ok ? resource.value : "";
}

/** Undefined when it is not exactly what `tupleIdOf` writes. */
function unescapeOurs(escaped: string): string | undefined {
  if (escaped.length > 3 * LONGEST) return undefined;
  if (PLAIN.test(escaped)) return escaped;
  if (!ESCAPED.test(escaped)) return undefined;
  const octets: number[] = [];
  for (let at = 0; at < escaped.length; at++) {
    const code = escaped.charCodeAt(at);
    if (code === UNDERSCORE) {
      octets.push(Number.parseInt(escaped.slice(at + 1, at + 3), 16));
      at += 2;
    } else octets.push(code);
  }
  try {
    const resource = DECODER.decode(Uint8Array.from(octets));
    return tupleIdOf(resource) === PREFIX + escaped ? resource : undefined;
  } catch {
    return undefined;
  }
}

const PREFIX = "ID-";
const PLAIN = /^[A-Za-z0-9.-]*$/;
const ESCAPED = /^(?:[A-Za-z0-9.-]|_[0-9A-F]{2})*$/;
const UNDERSCORE = 0x5f;
/** RFC 7622 §3.4: a resourcepart has at most 1023 octets. Of a longer id the rest is dropped. */
const LONGEST = 1023;
const ESCAPES: readonly string[] = Array.from({ length: 256 }, (_, octet) => {
  const character = String.fromCharCode(octet);
  return octet < 0x80 && PLAIN.test(character)
    ? character
    : `_${octet.toString(16).toUpperCase().padStart(2, "0")}`;
});
const UTF8 = new TextEncoder();
const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
