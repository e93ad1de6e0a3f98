/** Pictures of people: which kind they are, told by their first octets, since a directory does not say. */

import type { PersonCard } from "../../gateway/sides";

/** @param maximum octets; a larger one is left out, as is one of an unknown kind */
export function photoOf(octets: Buffer, maximum: number): PersonCard["photo"] {
  if (octets.length > maximum) return undefined;
  const type = KINDS.find(({ magic }) => octets.subarray(0, magic.length).equals(magic))?.type;
  // A copy: the octets are a piece of a whole answer, which would stay in memory with them.
  return type === undefined ? undefined : { type, octets: Uint8Array.from(octets) };
}

const KINDS = [
  { type: "image/jpeg", magic: Buffer.from("ffd8ff", "hex") },
  { type: "image/png", magic: Buffer.from("89504e470d0a1a0a", "hex") },
  { type: "image/gif", magic: Buffer.from("GIF8", "latin1") },
] as const;
