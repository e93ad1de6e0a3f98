/** What can be wrong with a configuration: the key, what was found and what is expected. Secrets are never shown. */

export interface Problem {
  /** `sip.peers[0].proxy`, or the name of a file. */
  readonly key: string;
  /** Line of the configuration file, counted from 1. */
  readonly line?: number;
  /** What stands there, fit to be shown. */
  readonly found?: string;
  readonly expected: string;
}

/** Everything that is wrong with a configuration, all at once. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  constructor(
    readonly file: string,
    readonly problems: readonly Problem[],
  ) {
    super(problems.map((problem) => sentence(file, problem)).join("\n"));
  }
}

/** One line for a person: `isthmus.yaml:3: sip.realm: found 7, expected a text`. */
export function sentence(file: string, problem: Problem): string {
  const where = problem.line === undefined ? file : `${file}:${problem.line}`;
  const found = problem.found === undefined ? "" : `found ${problem.found}, `;
  return `${where}: ${problem.key === "" ? "" : `${problem.key}: `}${found}expected ${problem.expected}`;
}

/** A value as a message may show it: short, and of lists and sections the kind alone. */
export function describeFound(raw: unknown): string {
  if (raw === undefined || raw === null) return "nothing";
  if (Array.isArray(raw)) return "a list";
  if (typeof raw === "object") return "a section";
  const text = JSON.stringify(raw) ?? String(raw);
  return text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN)}…`;
}

/** The path of a key as a person writes it. */
export function keyOf(path: readonly PropertyKey[]): string {
  let key = "";
  for (const part of path)
    key += typeof part === "number" ? `[${part}]` : `${key === "" ? "" : "."}${String(part)}`;
  return key;
}

/** The known word nearest to a mistyped one, if any is near enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.min(LARGEST_SLIP, Math.floor(word.length / 2)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.slice(0, LONGEST_WORD).toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Levenshtein's distance, row by row. */
function editDistance(from: string, to: string): number {
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = above[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, above[column]! + 1, current[column - 1]! + 1));
    }
    above = current;
  }
  return above[to.length]!;
}

/** Enough to recognise a value, too little to fill a terminal. */
const LONGEST_SHOWN = 60;
/** No key is longer: a longer word is no slip of the finger, and the distance costs its product. */
const LONGEST_WORD = 40;
const LARGEST_SLIP = 3;
