import { Remembered } from "../../src/directory/remembered";
import { fixedClock } from "../support/fixed-clock";

function remembered(bounds: { entries?: number; octets?: number } = {}) {
  const clock = fixedClock();
  const memory = new Remembered<number>(
    clock,
    { lifetimeMs: 1_000, entries: bounds.entries ?? 10, octets: bounds.octets ?? 1_000_000 },
    (value) => value,
  );
  return { clock, memory };
}

test("an entry lives for its time from when it was set, not from when it was read", () => {
  const { clock, memory } = remembered();
  memory.set("a", 1);
  clock.advance(999);
  expect(memory.get("a")?.value).toBe(1);
  clock.advance(1);
  expect(memory.get("a")).toBeUndefined();
  expect(memory.size).toBe(0);
});

test("a clock that was set back makes entries old, not eternal", () => {
  const { clock, memory } = remembered();
  memory.set("a", 1);
  clock.advance(-5_000);
  expect(memory.get("a")).toBeUndefined();
});

test("never more entries than the bound, and those used lately stay", () => {
  const { memory } = remembered({ entries: 10 });
  for (let index = 0; index < 1_000; index++) {
    memory.set(`n${index}`, 1);
    expect(memory.get("n0")?.value).toBe(1);
    expect(memory.size).toBeLessThanOrEqual(11);
  }
});

test("never more octets than the bound, but one entry is always kept", () => {
  const { memory } = remembered({ octets: 100 });
  for (let index = 0; index < 50; index++) memory.set(`n${index}`, 30);
  const kept = Array.from({ length: 50 }, (_, index) => memory.get(`n${index}`)).filter(
    (one) => one !== undefined,
  );
  expect(kept.length).toBeLessThanOrEqual(3);
  memory.set("large", 5_000);
  expect(memory.get("large")?.value).toBe(5_000);
});

test("what is set again or deleted counts once or not at all", () => {
  const { memory } = remembered({ octets: 100 });
  for (let index = 0; index < 50; index++) memory.set("a", 20);
  memory.set("b", 20);
  expect([memory.get("a")?.value, memory.get("b")?.value]).toEqual([20, 20]);
  memory.delete("a");
  memory.delete("never there");
  expect(memory.get("a")).toBeUndefined();
  expect(memory.size).toBe(1);
});
