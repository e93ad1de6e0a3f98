/** Pages for operators that tests hold to the program. `UPDATE_DOCS=1` writes them anew instead. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(__dirname, "../..");

export function readPage(name: string): string {
  return readFileSync(join(ROOT, name), "utf8");
}

/** Fails when the page is not what it would be if it were written today. */
export function expectPage(name: string, today: string): void {
  if (process.env.UPDATE_DOCS === "1") writeFileSync(join(ROOT, name), today);
  expect(readPage(name)).toBe(today);
}

/** Code blocks that stand behind `<!-- file: NAME -->`, by name. */
export function filesOf(page: string): ReadonlyMap<string, string> {
  const blocks = page.matchAll(/<!-- file: (\S+) -->\n```\w*\n(.*?)```\n/gs);
  return new Map([...blocks].map(([, name = "", text = ""]) => [name, text]));
}
