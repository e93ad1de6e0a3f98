/** The commands as a person starts them: processes of their own, from a build of the present sources. */

import { join } from "node:path";
import { build } from "./gateway";
import { Program } from "./processes";

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface CliEnd {
  /** null after a signal. */
  readonly code: number | null;
  /** Standard output, line by line. */
  readonly lines: readonly string[];
  /** Both outputs, as they came. */
  readonly log: string;
}

/** Starts `isthmus ARGS`; `lines` grows while it runs. */
export function startCli(
  args: readonly string[],
  options: CliOptions = {},
): { readonly program: Program; readonly lines: readonly string[] } {
  const lines: string[] = [];
  const program = new Program({
    name: `isthmus ${args[0]}`,
    program: process.execPath,
    packageName: "nodejs",
    args: [join(build(), "cli", "main.js"), ...args],
    ...options,
  });
  program.onLine((line) => lines.push(line));
  program.start();
  return { program, lines };
}

/** Runs `isthmus ARGS` to its end. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliEnd> {
  const { program, lines } = startCli(args, options);
  return { code: await program.exited, lines, log: program.log() };
}
