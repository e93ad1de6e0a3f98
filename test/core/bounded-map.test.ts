import { BoundedMap } from "../../src/core/bounded-map";

test("what was used longest ago is forgotten first, and never more than the bound is kept", () => {
  const map = new BoundedMap<number>(4);
  for (let n = 1; n <= 6; n++) map.set(`key ${n}`, n);
  expect(["key 6", "key 5", "key 2", "key 1"].map((key) => map.get(key))).toEqual([
    6,
    5,
    undefined,
    undefined,
  ]);
});

test("an entry that is used stays while others come and go", () => {
  const map = new BoundedMap<number>(10);
  map.set("friend", 0);
  for (let n = 1; n <= 1_000; n++) {
    map.set(`stranger ${n}`, n);
    expect(map.get("friend")).toBe(0);
  }
  expect(map.get("stranger 1")).toBeUndefined();
});

test("a newer value hides the one of the older generation", () => {
  const map = new BoundedMap<number>(2);
  map.set("a", 1);
  map.set("b", 2);
  map.set("a", 3);
  expect(map.get("a")).toBe(3);
});

test("a million entries pass through in linear time", () => {
  const map = new BoundedMap<number>(50_000);
  for (let n = 0; n < 1_000_000; n++) map.set(`key ${n}`, n);
  expect(map.get("key 999999")).toBe(999_999);
});
