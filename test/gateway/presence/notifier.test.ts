import { Notifier } from "../../../src/gateway/presence/notifier";
import { fixedClock } from "../../support/fixed-clock";

function setUp() {
  const clock = fixedClock(0);
  const fired: string[] = [];
  const notifier = new Notifier(clock, (key) => fired.push(key));
  return { clock, fired, notifier };
}

test("the first change goes at once", () => {
  const { fired, notifier } = setUp();
  notifier.want("a");
  expect(fired).toEqual(["a"]);
});

test("a storm of changes while a NOTIFY is under way becomes one more, after the answer and the rest (RFC 3856 §6.10)", () => {
  const { clock, fired, notifier } = setUp();
  notifier.begin("a", 1000);
  for (let change = 0; change < 1000; change++) notifier.want("a");
  clock.advance(5000);
  expect(fired).toEqual([]);
  notifier.end("a");
  expect(fired).toEqual(["a"]);
});

test("an answer that comes early does not shorten the rest", () => {
  const { clock, fired, notifier } = setUp();
  notifier.begin("a", 1000);
  notifier.end("a");
  notifier.want("a");
  clock.advance(999);
  expect(fired).toEqual([]);
  clock.advance(1);
  expect(fired).toEqual(["a"]);
});

test("what the watcher asks for himself need not wait for the rest, only for the answer to the one under way", () => {
  const { notifier } = setUp();
  expect(notifier.isFree("a")).toBe(true);
  notifier.begin("a", 1000);
  expect(notifier.isFree("a")).toBe(false);
  notifier.end("a");
  expect(notifier.isFree("a")).toBe(true);
});

test("a NOTIFY begun during the rest of another carries what was wanted", () => {
  const { clock, fired, notifier } = setUp();
  notifier.begin("a", 1000);
  notifier.end("a");
  notifier.want("a");
  notifier.begin("a", 1000);
  clock.advance(1000);
  expect(fired).toEqual([]);
  notifier.end("a");
  clock.advance(2000);
  expect(fired).toEqual([]);
  expect(notifier.size).toBe(0);
});

test("nothing is held for dialogs at rest", () => {
  const { clock, notifier } = setUp();
  for (let dialog = 0; dialog < 100; dialog++) {
    notifier.begin(String(dialog), 1000);
    notifier.end(String(dialog));
  }
  clock.advance(1000);
  expect(notifier.size).toBe(0);
  expect(clock.alarms).toBe(0);
});
