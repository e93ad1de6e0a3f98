/** The worked examples of the RFCs as files: a head of lines with `# `, then the example with bare LF at its line ends. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Names of all example files. */
export function exampleFiles(): string[] {
  return readdirSync(__dirname).filter((name) => /^rfc\d+-.*\.txt$/.test(name));
}

/** The text of an example without its head and its last line end. Write the name as a literal: examples.test.ts looks for it. */
export function example(file: string): string {
  const lines = whole(file).split("\n");
  return lines
    .slice(lines.findIndex((line) => !line.startsWith("# ")))
    .join("\n")
    .replace(/\n$/, "");
}

/** Which example it is, what is expected of it, what was corrected and why. */
export function headOf(file: string): string[] {
  return [...whole(file).matchAll(/^# (Example|Expected|Corrected): \S/gm)].map((match) => match[1]!);
}

function whole(file: string): string {
  return readFileSync(join(__dirname, file), "utf8");
}
