/** Texts of any Unicode characters for properties, NUL and noncharacters included. */

import fc from "fast-check";

/**
 * As fast-check's own `unit: "binary"`, which looks up a table of all 1.1 million characters that takes a second to build;
 * and with more of ASCII, where delimiters are.
 */
export function anyText(bounds: { readonly minLength?: number; readonly maxLength?: number } = {}) {
  return fc.string({ unit: CHARACTERS, ...bounds });
}

const between = (min: number, max: number) =>
  fc.integer({ min, max }).map((code) => String.fromCodePoint(code));

const CHARACTERS = fc.oneof(
  { weight: 3, arbitrary: between(0, 0x7f) },
  { weight: 2, arbitrary: fc.oneof(between(0x80, 0xd7ff), between(0xe000, 0xffff)) },
  { weight: 1, arbitrary: between(0x1_0000, 0x10_ffff) },
);
