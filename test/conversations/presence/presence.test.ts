/** Every script beside this file is played on the machines; the first line of each says what it shows. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { play } from "./script";

const scripts = readdirSync(__dirname)
  .filter((name) => name.endsWith(".txt"))
  .map((name) => {
    const script = readFileSync(join(__dirname, name), "utf8");
    return [`${name}: ${script.slice(0, script.indexOf("\n"))}`, script] as const;
  });

test.each(scripts)("%s", (_name, script) => {
  play(script);
});

test("a script that goes otherwise says where", () => {
  const [, script] = scripts.find(([name]) => name.startsWith("x2s-request")) as readonly [string, string];
  expect(() => play(script.replace("type='subscribed'", "type='unsubscribed'"))).toThrow(
    /^line \d+, Juliet receives: this came instead/,
  );
  expect(() => play(script.replace("Juliet receives nothing", "Juliet receives"))).toThrow("nothing came");
  expect(() => play(script.replace("Expires: 3600", "Expires: 60"))).toThrow("no Expires: 60 in");
});
