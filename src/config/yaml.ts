/** YAML text → one plain value with line numbers. Aliases, duplicate keys and tags are refused: a configuration says what it says. */

import { type Document, isAlias, isNode, LineCounter, parseDocument, visit, type YAMLError } from "yaml";
import type { Problem } from "./problem";

export interface YamlText {
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** The line of the key at this path, or of the nearest one above it. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

/** Reads one YAML document. An empty text is null. */
export function readYaml(text: string): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    strict: true,
  });
  const faults = [...document.errors, ...document.warnings];
  const problems = [...faults.map((fault) => syntaxProblem(fault, lines)), ...forbidden(document, lines)];
  return {
    value: problems.length === 0 ? document.toJS() : undefined,
    problems,
    lineOf: (path) => lineOf(document, lines, path),
  };
}

/** The library's own message may quote the text, and the text may be a secret: only the kind of fault is told. */
function syntaxProblem(fault: YAMLError, lines: LineCounter): Problem {
  const expected = SYNTAX[fault.code] ?? `correct YAML (${fault.code.toLowerCase().replaceAll("_", " ")})`;
  return { key: "", line: lines.linePos(fault.pos[0]).line, expected };
}

function forbidden(document: Document, lines: LineCounter): Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Node: (_, node) => {
      const line = lines.linePos(node.range?.[0] ?? 0).line;
      const anchored = isAlias(node) || ("anchor" in node && node.anchor !== undefined);
      if (anchored) problems.push({ key: "", line, expected: NO_ALIAS });
      if ("tag" in node && node.tag !== undefined) problems.push({ key: "", line, expected: NO_TAG });
    },
  });
  return problems;
}

function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return undefined;
}

const NO_ALIAS = "no anchors (&) and no aliases (*)";
const NO_TAG = "no tags (!)";
const SYNTAX: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: "each key once",
  MULTIPLE_DOCS: "one YAML document",
  TAB_AS_INDENT: "spaces, not tabs, before a key",
  BAD_ALIAS: NO_ALIAS,
  TAG_RESOLVE_FAILED: NO_TAG,
  BLOCK_AS_IMPLICIT_KEY: "a value in quotes when it holds a colon and a space",
  MISSING_CHAR: "a closing quote or bracket, or a colon after a key",
  BAD_INDENT: "keys of one section indented alike, and brackets closed",
};
