/** Every script beside this file is played; the first line of each says what it shows. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { play } from "./script";

const scripts = readdirSync(__dirname)
  .filter((name) => name.endsWith(".txt"))
  .map((name) => {
    const script = readFileSync(join(__dirname, name), "utf8");
    return [`${name}: ${script.slice(0, script.indexOf("\n"))}`, script] as const;
  });

test.each(scripts)("%s", async (_name, script) => {
  await play(script);
});

test("a script that goes otherwise says where", async () => {
  const [, thread] = scripts.find(([name]) => name.startsWith("thread")) as readonly [string, string];
  await expect(play(thread.replace("  Ani jedno", "  Nic"))).rejects.toThrow(
    /^line \d+, Juliet receives: this came instead/,
  );
  await expect(play(thread.replace("receives nothing", "receives"))).rejects.toThrow("nothing came");
});
