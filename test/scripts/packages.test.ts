import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(__dirname, "../..");

test("`npm test` installs whatever a suite needs", () => {
  const script = readFileSync(join(ROOT, "scripts/test.mjs"), "utf8");
  const peers = [...(/const PEERS = \[(.*?)\];/s.exec(script)?.[1] ?? "").matchAll(/"([^"]+)"/g)].map(
    ([, name]) => name,
  );
  const suites = readdirSync(join(ROOT, "test"), { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".test.ts"),
  );
  const needed = suites.flatMap((name) => {
    const text = readFileSync(join(ROOT, "test", name), "utf8");
    const lists = [
      ...text.matchAll(/\bneeds\(\[([^\]]*)\]/g),
      ...text.matchAll(/\bPACKAGES = \[([^\]]*)\]/g),
    ];
    return lists.flatMap(([, list = ""]) => [...list.matchAll(/"([^"]+)"/g)].map(([, one]) => one));
  });
  expect(needed.length).toBeGreaterThan(20);
  expect([...new Set(needed)].filter((name) => !peers.includes(name))).toEqual([]);
});
