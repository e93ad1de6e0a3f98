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
