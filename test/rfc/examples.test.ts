import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { exampleFiles, headOf } from "./examples";

const runners = readdirSync(__dirname)
  .filter((name) => /^rfc.*\.test\.ts$/.test(name))
  .map((name) => readFileSync(join(__dirname, name), "utf8"))
  .join("\n");

test.each(exampleFiles())("%s has a runner, and a head that says what it is", (file) => {
  expect(runners).toContain(`"${file}"`);
  expect(headOf(file)).toEqual(["Example", "Expected", "Corrected"]);
});

test("no runner names a file that is not there", () => {
  const named = [...runners.matchAll(/"(rfc\d+-[^"]*\.txt)"/g)].map((match) => match[1]!);
  expect(new Set(named)).toEqual(new Set(exampleFiles()));
  expect(named.length).toBeGreaterThan(0);
});
