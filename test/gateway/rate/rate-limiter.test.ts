/** Who goes too fast is slowed, warned once, refused, and free again with time. */

import { type Admission, RateLimiter } from "../../../src/gateway/rate/rate-limiter";
import { Turns } from "../../../src/gateway/rate/turns";
import { fixedClock } from "../../support/fixed-clock";

const RATE = { perSecond: 10, burst: 5 };
const what = (admission: Admission): string =>
  admission.kind === "refuse"
    ? `refused ${admission.whose} ${admission.retryAfter}`
    : `${Math.round(admission.delayMs)}${admission.warns ? " warned" : ""}`;
const many = (limiter: RateLimiter, count: number, now = 0, sender = "juliet"): string[] =>
  Array.from({ length: count }, () => what(limiter.admit({ sender }, now)));

test("a burst passes, then everyone waits a little longer, then comes a warning, then refusals", () => {
  const limiter = new RateLimiter({ sender: RATE }, 400);
  expect(many(limiter, 11)).toEqual([
    ...["0", "0", "0", "0", "0"],
    ...["100", "200", "300 warned", "400"],
    ...["refused sender 1", "refused sender 1"],
  ]);
});

test("a large burst is all let through, but not in one heap: the last of it goes within four seconds", () => {
  const limiter = new RateLimiter({ sender: { perSecond: 100, burst: 2_000 } }, 1_000);
  const admitted = Array.from({ length: 2_000 }, () => limiter.admit({ sender: "bot" }, 0));
  const delays = admitted.map((one) => (one.kind === "pass" ? one.delayMs : Number.NaN));
  expect(delays.filter((ms) => ms === 0)).toHaveLength(21);
  expect(delays[1_000]).toBeCloseTo(1_960);
  expect(delays[1_999]).toBeCloseTo(3_958);
  expect(admitted.filter((one) => one.kind !== "pass" || one.isSlowed || one.warns)).toEqual([]);
  expect(what(limiter.admit({ sender: "bot" }, 0))).toBe("3960");
  expect(what(limiter.admit({ sender: "another" }, 0))).toBe("0");
});

test("a burst is not spread where nothing may be delayed", () => {
  const limiter = new RateLimiter({ sender: { perSecond: 100, burst: 2_000 } }, 0);
  expect(new Set(many(limiter, 2_000))).toEqual(new Set(["0"]));
});

test("time restores: first room for those who wait, in the end the whole burst", () => {
  const limiter = new RateLimiter({ sender: RATE }, 400);
  many(limiter, 11);
  expect(many(limiter, 3, 200)).toEqual(["300", "400", "refused sender 1"]);
  expect(many(limiter, 6, 10_000)).toEqual(["0", "0", "0", "0", "0", "100"]);
});

test("one is warned once, until the bucket has been full again", () => {
  const limiter = new RateLimiter({ sender: RATE }, 400);
  expect(many(limiter, 11).filter((one) => one.includes("warned"))).toHaveLength(1);
  expect(many(limiter, 11, 300).filter((one) => one.includes("warned"))).toHaveLength(0);
  expect(many(limiter, 11, 60_000).filter((one) => one.includes("warned"))).toHaveLength(1);
});

test("what is refused takes nothing: a flood gets exactly its rate", () => {
  const limiter = new RateLimiter({ sender: RATE }, 0);
  let passed = 0;
  for (let ms = 0; ms < 10_000; ms++) if (limiter.admit({ sender: "x" }, ms).kind === "pass") passed += 1;
  expect(passed).toBeGreaterThanOrEqual(104);
  expect(passed).toBeLessThanOrEqual(105);
});

test("others are not touched; a pair and a peer have buckets of their own", () => {
  const limiter = new RateLimiter(
    { sender: RATE, pair: { perSecond: 1, burst: 2 }, peer: { perSecond: 1, burst: 4 } },
    0,
  );
  const admit = (sender: string, pair: string, peer = "p"): string =>
    what(limiter.admit({ sender, pair, peer }, 0));
  expect([admit("a", "ab"), admit("a", "ab"), admit("a", "ab")]).toEqual(["0", "0", "refused pair 1"]);
  expect([admit("a", "ac"), admit("b", "bc"), admit("b", "bc")]).toEqual(["0", "0", "refused peer 1"]);
  expect(admit("b", "bc", "q")).toBe("0");
});

test("without rates everybody passes", () => {
  const limiter = new RateLimiter({}, 0);
  expect(limiter.isOff).toBe(true);
  expect(new Set(many(limiter, 1000))).toEqual(new Set(["0"]));
});

test("a clock that was put back refuses nobody for long and gives nothing", () => {
  const limiter = new RateLimiter({ sender: RATE }, 0);
  many(limiter, 5, 1_000_000);
  expect(many(limiter, 1, 0)).toEqual(["refused sender 1"]);
  expect(many(limiter, 1, 100)).toEqual(["0"]);
});

describe("turns", () => {
  test("come in the order in which they were asked for", () => {
    const clock = fixedClock();
    const turns = new Turns(clock, 10);
    const gone: number[] = [];
    turns.after("a", 20, () => gone.push(1));
    turns.after("a", 20.4, () => gone.push(2));
    turns.after("b", 5, () => gone.push(3));
    turns.after("a", 0, () => gone.push(4));
    clock.advance(10);
    expect(gone).toEqual([3]);
    expect([turns.has("a"), turns.has("b")]).toEqual([true, false]);
    clock.advance(30);
    expect(gone).toEqual([3, 1, 2, 4]);
    expect(turns.has("a")).toBe(false);
  });

  test("are bounded, and all come at once when the gateway stops", () => {
    const turns = new Turns(fixedClock(), 2);
    const gone: number[] = [];
    turns.after("a", 20, () => gone.push(1));
    turns.after("b", 20, () => gone.push(2));
    expect(turns.isFull).toBe(true);
    turns.flush();
    expect(gone).toEqual([1, 2]);
    expect(turns.isFull).toBe(false);
  });
});
