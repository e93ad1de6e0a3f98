import fc from "fast-check";
import { TransientMap } from "../../src/core/transient-map";

const command = fc.record({
  what: fc.constantFrom("set", "delete", "clear", "set", "set"),
  key: fc.integer({ min: 0, max: 200 }),
});

test("it holds what a Map would hold", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 2_000, size: "max" }), (commands) => {
      const [map, model] = [new TransientMap<number, string>(), new Map<number, string>()];
      commands.forEach(({ what, key }, at) => {
        if (what === "set") {
          map.set(key, `value ${at}`);
          model.set(key, `value ${at}`);
        } else if (what === "delete") same(map.delete(key), model.delete(key));
        else if (at % 7 === 0) {
          map.clear();
          model.clear();
        }
        same(map.size, model.size);
        same(map.get(key), model.get(key));
        same(map.has(key), model.has(key));
      });
      expect(map.values().sort()).toEqual([...model.values()].sort());
      expect(new Map(map.entries())).toEqual(model);
    }),
    { numRuns: 100 },
  );
});

test("what stays is still found after many others came and went", () => {
  const map = new TransientMap<string, number>();
  map.set("stays", 1);
  for (let n = 0; n < 10_000; n++) {
    map.set(`passes ${n}`, n);
    if (n >= 100) expect(map.delete(`passes ${n - 100}`)).toBe(true);
  }
  expect([map.get("stays"), map.size]).toEqual([1, 101]);
});

/** Hundreds of thousands of times: `expect` would take most of the time. */
function same(one: unknown, other: unknown): void {
  if (one !== other) expect(one).toBe(other);
}
