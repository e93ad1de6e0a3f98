/** The commented sample of `isthmus config init`, generated from the schema: it cannot be out of date. */

import { stringify } from "yaml";
import type { Entry, Option, Shape, Yaml } from "./option";
import { SCHEMA } from "./schema";

/**
 * Writes the sample. Keys with a default stand there with it; keys without one are commented out, with an example;
 * the lists (components, peers) and the domain rules hold one example each, to be edited.
 */
export function sampleText(): string {
  return `${HEAD}\n${bodyOf(SCHEMA.shape, "").join("\n")}\n`;
}

function bodyOf(shape: Shape, indent: string): string[] {
  return Object.entries(shape).flatMap(([key, entry]) => {
    const lines = entryLines(key, entry, indent);
    return indent === "" ? ["", ...lines] : lines;
  });
}

function entryLines(key: string, entry: Entry, indent: string): string[] {
  switch (entry.kind) {
    case "option":
      return optionLines(key, entry, indent);
    case "section":
      return [`${indent}# ${entry.meaning}`, `${indent}${key}:`, ...bodyOf(entry.shape, `${indent}  `)];
    case "sections":
      return [`${indent}# ${entry.meaning}`, `${indent}${key}:`, ...itemLines(entry.shape, `${indent}  `)];
    case "foreign":
      return [
        `${indent}# ${entry.meaning}`,
        `${indent}${key}:`,
        ...entry.example.split("\n").map((line) => `${indent}  ${line}`),
      ];
  }
}

function optionLines(key: string, entry: Option<unknown>, indent: string): string[] {
  const shown = entry.fallback ?? entry.example ?? "";
  const active = entry.fallback !== undefined || entry.required;
  return [
    `${indent}# ${entry.meaning}${entry.brief === undefined ? "" : ` (${entry.brief})`}`,
    `${indent}${active ? "" : "# "}${key}: ${inline(shown)}`,
  ];
}

/** One item of a list, its dash before the first key. */
function itemLines(shape: Shape, indent: string): string[] {
  const lines = bodyOf(shape, `${indent}  `);
  const first = lines.findIndex((line) => !line.trimStart().startsWith("#"));
  return lines.map((line, index) => {
    if (index === first) return `${indent}- ${line.slice(indent.length + 2)}`;
    return index < first ? line.replace(/^ {2}/, "") : line;
  });
}

/** A value on one line, quoted where YAML needs it. */
function inline(shown: Yaml): string {
  return stringify(shown, { collectionStyle: "flow", flowCollectionPadding: false, lineWidth: 0 }).trim();
}

const HEAD = `# Isthmus: a gateway between SIP and XMPP.
#
# Every key that has a default stands here with it; leave out what you do not want to change. What begins with "# " and
# a key is off. Edit three things: domains, sip.peers and xmpp.components. Then run: isthmus check
# Times and sizes carry their unit. Names of files are looked for from the folder of this file.`;
