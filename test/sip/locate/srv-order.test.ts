/** RFC 2782, "Weight". */

import fc from "fast-check";
import { inSrvOrder } from "../../../src/sip/locate/srv-order";

const server = (name: string, priority: number, weight: number) => ({ name, priority, weight, port: 5060 });

test("lower priorities come first, whatever the draw", () => {
  const records = [server("c", 30, 1), server("a", 10, 1), server("b", 20, 1)];
  for (const draw of [0, 0.5, 0.999]) {
    expect(inSrvOrder(records, () => draw).map(({ name }) => name)).toEqual(["a", "b", "c"]);
  }
});

test("a server is drawn first as often as its weight says", () => {
  const records = [server("light", 1, 10), server("heavy", 1, 30)];
  let heavy = 0;
  const draws = 4100;
  // 41 marks from 0 to 40: 0 to 10 fall to the one of weight 10, the other 30 to the one of weight 30.
  for (let at = 0; at < draws; at++) if (inSrvOrder(records, () => at / draws)[0]?.name === "heavy") heavy++;
  expect(heavy).toBe(3000);
});

test("weight 0 is drawn first only by the lowest mark, and still gets its turn", () => {
  const records = [server("some", 1, 9), server("none", 1, 0)];
  expect(inSrvOrder(records, () => 0).map(({ name }) => name)).toEqual(["none", "some"]);
  expect(inSrvOrder(records, () => 0.11).map(({ name }) => name)).toEqual(["some", "none"]);
});

test("every server is in the order exactly once", () => {
  const record = fc.record({
    name: fc.string(),
    priority: fc.nat(3),
    weight: fc.nat(65_535),
    port: fc.nat(65_535),
  });
  fc.assert(
    fc.property(
      fc.array(record, { maxLength: 16 }),
      fc.double({ min: 0, max: 0.999999, noNaN: true }),
      (records, draw) => {
        const order = inSrvOrder(records, () => draw);
        expect(order).toHaveLength(records.length);
        expect(new Set(order)).toEqual(new Set(records));
      },
    ),
  );
});
