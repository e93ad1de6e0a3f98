import { DEFAULT_TIMERS, timersFor } from "../../../src/sip/transaction/timers";

test("the timers of an unreliable transport (RFC 3261 Table 4, RFC 4320 §4.1)", () => {
  expect(timersFor(DEFAULT_TIMERS, false)).toEqual({
    e: 500,
    eMaximum: 4000,
    f: 32_000,
    g: 500,
    gMaximum: 4000,
    h: 32_000,
    i: 5000,
    j: 32_000,
    k: 5000,
    t2: 4000,
    // Timer E fires 500, 1500 and 3500 ms after the start; then it is set to T2.
    trying: 3500,
  });
});

test("on a reliable transport nothing lingers (RFC 3261 Table 4)", () => {
  expect(timersFor(DEFAULT_TIMERS, true)).toMatchObject({ i: 0, j: 0, k: 0, f: 32_000 });
});
