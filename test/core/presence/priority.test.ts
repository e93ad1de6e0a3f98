/** Priorities: RFC 8048 §6.2 note 6, RFC 3922 §5.2.13; bug 12 of gateways before us. */

import fc from "fast-check";
import { priorityFromPidf, priorityToPidf, readPriority } from "../../../src/core/presence/priority";

test("0 to 127 are unique, in order, in the grammar, and come back", () => {
  const written = Array.from({ length: 128 }, (_, priority) => priorityToPidf(priority)!);
  expect(new Set(written).size).toBe(128);
  expect(written.map(Number)).toEqual([...written].map(Number).sort((a, b) => a - b));
  for (const text of written) expect(text).toMatch(/^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/);
  expect(written.map(priorityFromPidf)).toEqual(Array.from({ length: 128 }, (_, priority) => priority));
});

test("a negative one is not mapped", () => {
  expect([-1, -128].map(priorityToPidf)).toEqual([undefined, undefined]);
});

test.each([
  ["0.8", 102],
  [" 0.5 ", 64],
  ["1.5", 127],
  ["-0.3", 0],
  [".25", 32],
  ["0.0000001", 1],
  ["0.99999999", 126],
  ["", undefined],
  ["high", undefined],
  ["1e3", undefined],
  ["NaN", undefined],
])("a phone's %j is %s", (text, priority) => {
  expect(priorityFromPidf(text)).toBe(priority);
});

test("whatever a phone writes, it is an integer that XMPP takes, or nothing", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.double().map(String)), (text) => {
      const priority = priorityFromPidf(text);
      if (priority !== undefined) expect(readPriority(String(priority))).toBe(priority);
    }),
  );
});

test.each([
  ["5", 5],
  ["-128", -128],
  ["+7", 7],
  ["128", undefined],
  ["-129", undefined],
  ["1.5", undefined],
  ["", undefined],
])("a stanza's %j is %s", (text, priority) => {
  expect(readPriority(text)).toBe(priority);
});
