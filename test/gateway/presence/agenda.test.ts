import fc from "fast-check";
import { Agenda } from "../../../src/gateway/presence/agenda";
import { fixedClock } from "../../support/fixed-clock";

test("keys come in the order of their times, with one alarm for all of them", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 60 }), (times) => {
      const clock = fixedClock(0);
      const rung: number[] = [];
      const agenda = new Agenda(clock, (key) => rung.push(Number(key)));
      for (const at of times) agenda.add(at, String(at));
      expect(clock.alarms).toBe(times.length === 0 ? 0 : 1);
      clock.advance(1000);
      expect(rung).toEqual([...times].sort((a, b) => a - b));
      expect(agenda.size).toBe(0);
    }),
  );
});

test("an earlier time that is added later rings first; nothing rings before its time", () => {
  const clock = fixedClock(0);
  const rung: string[] = [];
  const agenda = new Agenda(clock, (key) => rung.push(key));
  agenda.add(500, "late");
  agenda.add(100, "early");
  clock.advance(99);
  expect(rung).toEqual([]);
  clock.advance(1);
  expect(rung).toEqual(["early"]);
  clock.advance(400);
  expect(rung).toEqual(["early", "late"]);
});

test("a stopped agenda rings no more", () => {
  const clock = fixedClock(0);
  const rung: string[] = [];
  const agenda = new Agenda(clock, (key) => rung.push(key));
  agenda.add(1, "one");
  agenda.stop();
  clock.advance(10);
  expect(rung).toEqual([]);
});
