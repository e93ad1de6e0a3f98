/** RFC 6120 §3.3: reconnecting with growing, scattered pauses. */

import { backoff } from "../../src/xmpp/backoff";

const RANGE = { first: 1_000, longest: 60_000 };

test("pauses double up to the longest", () => {
  expect([0, 1, 2, 5, 6, 40, 1e9].map((failures) => backoff(RANGE, failures, 1))).toEqual([
    1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000,
  ]);
});

test("chance takes away up to half", () => {
  expect(backoff(RANGE, 1, 0)).toBe(1_000);
  expect(backoff(RANGE, 1, 0.5)).toBe(1_500);
});
