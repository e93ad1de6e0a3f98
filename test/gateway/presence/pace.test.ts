import { FloodGuard } from "../../../src/gateway/presence/flood-guard";
import { Pace } from "../../../src/gateway/presence/pace";
import { fixedClock } from "../../support/fixed-clock";

test.each([1, 5, 20, 100, 1000])("no more than %d begin in a second, and about as many do", (perSecond) => {
  const clock = fixedClock(0);
  const pace = new Pace(clock, perSecond);
  let begun = 0;
  for (let ms = 0; ms < 10_000; ms++) {
    begun += pace.take(1000);
    clock.advance(1);
  }
  expect(begun).toBeLessThanOrEqual(perSecond * 10);
  expect(begun).toBeGreaterThanOrEqual(perSecond * 9);
});

test("the pause is over when some may begin", () => {
  const clock = fixedClock(0);
  const pace = new Pace(clock, 10);
  expect(pace.take(5)).toBe(1);
  expect(pace.take(5)).toBe(0);
  clock.advance(pace.pauseMs);
  expect(pace.take(5)).toBe(1);
});

test("one watcher has his burst, then his rate, and others theirs", () => {
  const guard = new FloodGuard(10, 2, 100);
  const admitted = (watcher: string, now: number, times: number) =>
    Array.from({ length: times }, () => guard.admits(watcher, now)).filter(Boolean).length;
  expect(admitted("romeo", 0, 100)).toBe(10);
  expect(admitted("romeo", 1000, 100)).toBe(2);
  expect(admitted("benvolio", 1000, 100)).toBe(10);
  expect(admitted("romeo", 1_000_000, 100)).toBe(10);
});

test("a clock that is put back gives nothing away and takes nothing", () => {
  const guard = new FloodGuard(1, 1, 100);
  expect(guard.admits("romeo", 5000)).toBe(true);
  expect(guard.admits("romeo", 0)).toBe(false);
  expect(guard.admits("romeo", 1000)).toBe(true);
});
