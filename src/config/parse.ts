/** Configuration text → settings, or every problem at once. Files that it names are not read here. */

import type { z } from "zod";
import type { Entry, Shape } from "./option";
import { describeFound, keyOf, nearest, type Problem } from "./problem";
import { SCHEMA, type Settings } from "./schema";
import { readYaml } from "./yaml";

export type Parsed<T> =
  | { readonly ok: true; readonly value: T; lineOf(path: readonly PropertyKey[]): number | undefined }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads a configuration text; an empty one gives the defaults. */
export function parseSettings(text: string): Parsed<Settings> {
  return parseAs(SCHEMA, text);
}

/** Reads YAML by the description of its keys. */
export function parseAs<T>(
  entry: Extract<Entry, { kind: "section" | "sections" }> & { schema: z.ZodType<T> },
  text: string,
): Parsed<T> {
  const yaml = readYaml(text);
  if (yaml.problems.length > 0) return { ok: false, problems: yaml.problems };
  const result = entry.schema.safeParse(yaml.value ?? undefined);
  if (result.success) return { ok: true, value: result.data, lineOf: yaml.lineOf };
  const problems = result.error.issues.flatMap((issue) => problemsOf(entry, yaml.value, issue));
  return { ok: false, problems: problems.map((problem) => withLine(problem, yaml.lineOf)) };
}

interface PlacedProblem extends Problem {
  readonly path: readonly PropertyKey[];
}

function problemsOf(root: Entry, value: unknown, issue: z.core.$ZodIssue): PlacedProblem[] {
  const entry = entryAt(root, issue.path);
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(entry, issue.path, key));
  const found = valueAt(value, issue.path);
  const problem = { path: issue.path, key: keyOf(issue.path), expected: expectationOf(entry, issue) };
  return [{ ...problem, found: shown(entry, found) }];
}

/** Secrets and whatever stands in place of a section (it may hold one) are named by kind alone. */
function shown(entry: Entry | undefined, found: unknown): string {
  const hidden = entry === undefined || entry.kind !== "option" || entry.secret;
  if (!hidden || found === undefined || found === null || typeof found === "object")
    return describeFound(found);
  return `a ${typeof found === "string" ? "text" : typeof found} that is not shown`;
}

function expectationOf(entry: Entry | undefined, issue: z.core.$ZodIssue): string {
  if (issue.code === "custom") return issue.message;
  if (entry?.kind === "section") return "keys below it";
  if (entry?.kind === "sections")
    return issue.code === "invalid_type" && issue.expected === "object" ? "keys below it" : "a list";
  return entry === undefined || entry.kind === "foreign" ? "a list" : entry.expects;
}

function unknownKey(entry: Entry | undefined, path: readonly PropertyKey[], key: string): PlacedProblem {
  const known = entry !== undefined && "shape" in entry ? Object.keys(entry.shape) : [];
  const meant = nearest(key, known);
  const expected =
    meant === undefined
      ? `one of ${known.join(", ")}`
      : `${meant} (perhaps), or another of ${known.join(", ")}`;
  return { path: [...path, key], key: keyOf([...path, key]), found: "an unknown key", expected };
}

function entryAt(root: Entry, path: readonly PropertyKey[]): Entry | undefined {
  let entry: Entry | undefined = root;
  for (const part of path) {
    if (typeof part === "number") continue; // an item is described by its list
    const shape: Shape | undefined = entry !== undefined && "shape" in entry ? entry.shape : undefined;
    entry = shape?.[String(part)];
  }
  return entry;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current: unknown = value;
  for (const part of path) {
    if (typeof current !== "object" || current === null) return undefined;
    current = (current as Record<PropertyKey, unknown>)[part];
  }
  return current;
}

function withLine(
  problem: PlacedProblem,
  lineOf: (path: readonly PropertyKey[]) => number | undefined,
): Problem {
  const { path, ...rest } = problem;
  const line = lineOf(path);
  return line === undefined ? rest : { ...rest, line };
}
