import { Later, whenThere } from "../../src/core/later";

test("the listener hears the value in the moment in which it comes, once", () => {
  const heard: number[] = [];
  const later = new Later<number>();
  later.tell((value) => heard.push(value));
  later.settle(1);
  later.settle(2);
  expect(heard).toEqual([1]);
});

test("a value that came before its listener is kept for it", () => {
  const heard: number[] = [];
  const later = new Later<number>();
  later.settle(1);
  later.settle(2);
  whenThere(later, (value) => heard.push(value));
  expect(heard).toEqual([1]);
});

test("every listener hears it, in their order, and so does one that comes after the value was told", async () => {
  const heard: string[] = [];
  const later = new Later<number>();
  for (const name of ["a", "b", "c"]) later.tell((value) => heard.push(`${name}${value}`));
  const all = Promise.all([later, later]);
  later.settle(1);
  expect(heard).toEqual(["a1", "b1", "c1"]);
  expect(await all).toEqual([1, 1]);
  expect(await later).toBe(1);
});

test("it can be awaited, before and after", async () => {
  const later = new Later<number>();
  const waiting = (async () => (await later) + 1)();
  later.settle(1);
  expect(await waiting).toBe(2);
});

test("a promise is told in the same way, and so is its failure", async () => {
  const heard: unknown[] = [];
  whenThere(Promise.resolve(1), (value) => heard.push(value));
  whenThere(
    Promise.reject(new Error("no")),
    () => heard.push("never"),
    (error) => heard.push((error as Error).message),
  );
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toEqual([1, "no"]);
});
