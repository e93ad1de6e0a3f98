/** Reads the arguments of a command; whatever is wrong is said in one sentence. */

import { parseArgs } from "node:util";
import { UsageError } from "./command";

type Options = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>["options"]>;

export interface Arguments {
  readonly positionals: readonly string[];
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
}

/**
 * Reads flags (`--json`) and values (`--config FILE`).
 * @throws UsageError naming what is not known or lacks its value
 */
export function readArguments(
  args: readonly string[],
  known: { readonly flags?: readonly string[]; readonly values?: readonly string[] },
): Arguments {
  const options: Options = {};
  for (const flag of known.flags ?? []) options[flag] = { type: "boolean" };
  for (const value of known.values ?? []) options[value] = { type: "string" };
  const parsed = parse(args, options);
  const flags = new Set<string>();
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(parsed.values)) {
    if (typeof value === "string") values.set(name, value);
    else if (value === true) flags.add(name);
  }
  return { positionals: parsed.positionals, flags, values };
}

function parse(args: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    // Node's own sentence names the option; what follows its first full stop is advice for programmers.
    throw new UsageError((error as Error).message.split(". ")[0]);
  }
}
