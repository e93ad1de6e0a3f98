import { grantedExpires } from "../../../src/core/subscription/expires";
import { pauseMs, refreshMs } from "../../../src/core/subscription/pause";
import { intervalOf, rateParameter } from "../../../src/core/subscription/rate";
import { context } from "./fixtures";

const { settings } = context();
const granted = (expires: number | undefined, more = {}) =>
  grantedExpires(expires === undefined ? {} : { expires }, { ...settings, ...more });

describe("grantedExpires (RFC 6665 §4.2.1.1)", () => {
  test.each([
    [undefined, 3600],
    [0, 0],
    [60, 60],
    [3600, 3600],
    [4_294_967_295, 86_400],
  ])("%s is granted as %i", (asked, expires) => {
    expect(granted(asked)).toEqual({ ok: true, value: expires });
  });

  test("what is too brief is refused with Min-Expires", () => {
    expect(granted(59)).toMatchObject({
      ok: false,
      rejection: { code: "INTERVAL_TOO_BRIEF", sipStatus: 423, sipHeaders: [["Min-Expires", "60"]] },
    });
  });

  test("but an hour never is, whatever the minimum", () => {
    expect(granted(3600, { minimumExpiresSeconds: 7200 })).toEqual({ ok: true, value: 3600 });
    expect(granted(3599, { minimumExpiresSeconds: 7200 })).toMatchObject({ ok: false });
  });
});

test("a pause grows from half to the whole of its time by chance, and is finite for any number of failures", () => {
  expect([0, 1].map((jitter) => pauseMs(1, undefined, { jitter, settings }))).toEqual([15_000, 30_000]);
  expect(pauseMs(1e9, undefined, { jitter: 1, settings })).toBe(1_800_000);
  expect(pauseMs(0, 20, { jitter: 1, settings })).toBe(22_000);
});

test("a refresh is in the last third of the time", () => {
  expect([0, 1].map((jitter) => refreshMs(100, jitter))).toEqual([70_000, 90_000]);
  expect(refreshMs(0, 0)).toBe(10_000);
});

describe("max-rate (RFC 6446 §5)", () => {
  const interval = (rate: string) => intervalOf(new Map([["max-rate", rate]]), 600);

  test.each([
    ["10", 100],
    ["0.1", 10_000],
    ["3", 334],
    ["0", 600_000],
    ["0.0000000001", 600_000],
  ])("%s asks for %i ms", (rate, ms) => {
    expect(interval(rate)).toBe(ms);
  });

  test.each(["", "-1", "1e3", "100", "x", "1.", "0.12345678901"])("%p asks for nothing", (rate) => {
    expect(interval(rate)).toBeUndefined();
  });

  test("what is kept to is said back in the grammar of §9.1", () => {
    expect([100, 10_000, 600_000, 334].map(rateParameter)).toEqual([
      ";max-rate=10",
      ";max-rate=0.1",
      ";max-rate=0.0016666667",
      ";max-rate=2.994011976",
    ]);
    expect(rateParameter(undefined)).toBe("");
  });
});
