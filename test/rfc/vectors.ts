/** The worked vectors (vectors.json: its head explains the fields), by group. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Vector<Input, Expect> {
  readonly id: string;
  readonly group: string;
  /** Number of the RFC, or name of the XEP. */
  readonly rfc: number | string;
  readonly section: string;
  readonly basis: "rfc-text" | "derived" | "xep" | "design";
  readonly input: Input;
  readonly expect: Expect;
  readonly note?: string;
}

/** Groups that no runner takes yet, because what they test is not built. A group leaves this list when its runner comes. */
export const LATER_GROUPS: readonly string[] = ["groupchat", "msrp"];

/**
 * The vectors of a group, each with its id in front, as `test.each` wants them. Throws when the group has none.
 * Write the group as a literal: `vectors.test.ts` reads the runners to see that no group is forgotten.
 */
export function vectorsOf<Input, Expect>(group: string): [id: string, vector: Vector<Input, Expect>][] {
  const found = allVectors().filter((vector) => vector.group === group);
  if (found.length === 0) throw new Error(`no vectors in group ${group}`);
  return found.map((vector) => [vector.id, vector as Vector<Input, Expect>]);
}

/** Every vector of the file. */
export function allVectors(): readonly Vector<unknown, unknown>[] {
  return file().vectors;
}

/** How many vectors each group says it has. */
export function groupCounts(): Readonly<Record<string, number>> {
  return file().counts;
}

interface VectorFile {
  readonly counts: Readonly<Record<string, number>>;
  readonly vectors: readonly Vector<unknown, unknown>[];
}

function file(): VectorFile {
  return JSON.parse(readFileSync(join(__dirname, "vectors.json"), "utf8")) as VectorFile;
}
