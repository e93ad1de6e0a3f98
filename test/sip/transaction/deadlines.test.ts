import * as fc from "fast-check";
import { Deadlines } from "../../../src/sip/transaction/deadlines";
import { fixedClock } from "../../support/fixed-clock";

interface Item {
  name: number;
  deadline: number;
  heapIndex: number;
}

function setUp() {
  const clock = fixedClock(0);
  const due: [number, number][] = [];
  const deadlines = new Deadlines<Item>(clock, (item, now) => due.push([item.name, now]));
  const item = (name: number): Item => ({ name, deadline: 0, heapIndex: -1 });
  return { clock, due, deadlines, item };
}

test("items come in the order of their deadlines, each once, with one alarm", () => {
  const { clock, due, deadlines, item } = setUp();
  for (const ms of [300, 100, 200]) deadlines.set(item(ms), ms);
  clock.advance(150);
  expect(due).toEqual([[100, 100]]);
  expect(clock.alarms).toBe(1);
  clock.advance(1000);
  expect(due).toEqual([
    [100, 100],
    [200, 200],
    [300, 300],
  ]);
  expect(clock.alarms).toBe(0);
});

test("an item that is moved or removed does not come at its old time", () => {
  const { clock, due, deadlines, item } = setUp();
  const [moved, removed, earlier] = [item(1), item(2), item(3)];
  deadlines.set(moved, 100);
  deadlines.set(removed, 100);
  deadlines.set(earlier, 900);
  deadlines.set(moved, 500);
  deadlines.set(earlier, 50);
  deadlines.remove(removed);
  clock.advance(400);
  expect(due).toEqual([[3, 50]]);
  clock.advance(200);
  expect(due).toEqual([
    [3, 50],
    [1, 500],
  ]);
});

test("an item may be set again while it is being dealt with", () => {
  const clock = fixedClock(0);
  const times: number[] = [];
  const deadlines: Deadlines<Item> = new Deadlines<Item>(clock, (item, now) => {
    times.push(now);
    if (times.length < 3) deadlines.set(item, now + 10);
  });
  deadlines.set({ name: 1, deadline: 0, heapIndex: -1 }, 10);
  clock.advance(100);
  expect(times).toEqual([10, 20, 30]);
});

test("thousands come and go in their order while one of every thousand stays", () => {
  const { clock, due, deadlines, item } = setUp();
  const waiting: Item[] = [];
  for (let name = 1; name <= 10_000; name++) {
    const one = item(name);
    deadlines.set(one, 20_000 + name);
    waiting.push(one);
    if (waiting.length > 50) {
      const gone = waiting.shift() as Item;
      if (gone.name % 1_000 !== 0) deadlines.remove(gone);
      else deadlines.set(gone, 40_000 + gone.name);
    }
  }
  expect(deadlines.size).toBe(59);
  clock.advance(100_000);
  const names = due.map(([name]) => name);
  const last = Array.from({ length: 50 }, (_, n) => 9_951 + n);
  expect(names).toEqual([...last, ...Array.from({ length: 9 }, (_, n) => 1_000 * (n + 1))]);
  expect(deadlines.size).toBe(0);
});

test("clear forgets a long line with gaps", () => {
  const { clock, due, deadlines, item } = setUp();
  const items = Array.from({ length: 5_000 }, (_, name) => item(name));
  for (const one of items) deadlines.set(one, 100);
  for (const one of items) if (one.name % 3 === 0) deadlines.remove(one);
  deadlines.clear();
  expect([deadlines.size, items.filter(({ heapIndex }) => heapIndex !== -1).length]).toEqual([0, 0]);
  clock.advance(1_000);
  expect(due).toEqual([]);
});

test("clear leaves neither items nor an alarm", () => {
  const { clock, due, deadlines, item } = setUp();
  deadlines.set(item(1), 10);
  deadlines.clear();
  clock.advance(100);
  expect([due, deadlines.size, clock.alarms]).toEqual([[], 0, 0]);
});

test("any order of setting, moving and removing gives what a sorted list gives", () => {
  const step = fc.record({ name: fc.nat(20), at: fc.integer({ min: 1, max: 50 }), remove: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { clock, due, deadlines, item } = setUp();
      const items = Array.from({ length: 21 }, (_, name) => item(name));
      const model = new Map<number, number>();
      for (const { name, at, remove } of steps) {
        if (remove) {
          model.delete(name);
          deadlines.remove(items[name]!);
        } else {
          model.set(name, at);
          deadlines.set(items[name]!, at);
        }
      }
      clock.advance(100);
      const times = due.map(([, now]) => now);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(new Map(due)).toEqual(model);
    }),
  );
});
