import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { allVectors, groupCounts, LATER_GROUPS } from "./vectors";

const groups = [...new Set(allVectors().map((vector) => vector.group))];
const run = new Set(
  readdirSync(__dirname)
    .filter((name) => /^vectors-.*\.test\.ts$/.test(name))
    .flatMap((name) => [...readFileSync(join(__dirname, name), "utf8").matchAll(CALL())])
    .map((match) => match[1]!),
);

test.each(groups)("the vectors of %s are run, or wait for later work", (group) => {
  expect([...run, ...LATER_GROUPS]).toContain(group);
});

test("no group is both run and put off, and none is made up", () => {
  expect(LATER_GROUPS.filter((group) => run.has(group))).toEqual([]);
  expect([...run, ...LATER_GROUPS].filter((group) => !groups.includes(group))).toEqual([]);
});

test("the file is whole", () => {
  const counted = groups.map((group) => [
    group,
    allVectors().filter((vector) => vector.group === group).length,
  ]);
  expect(Object.fromEntries(counted)).toEqual(groupCounts());
  expect(new Set(allVectors().map((vector) => vector.id)).size).toBe(allVectors().length);
});

/** `vectorsOf<…>("group")`: the type arguments may hold anything but a parenthesis. */
function CALL(): RegExp {
  return /vectorsOf(?:<[^()]*>)?\(\s*"([a-z-]+)"/g;
}
