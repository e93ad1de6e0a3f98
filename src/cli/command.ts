/** What a command is, and how it speaks: to a person, or with `--json` to a program. */

/** Exit codes, the same for every command (docs/commands.md). */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Where a command reads and writes; tests hand in their own. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
  readonly input: NodeJS.ReadableStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  /** May colours be used? */
  readonly colour: boolean;
}

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  readonly help: string;
  run(args: readonly string[], terminal: Terminal): Promise<ExitCode>;
}

/** A mistake in the call: shown with the way to the help, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Colours words for a person at a terminal. */
export function painter(terminal: Terminal): (colour: "green" | "red" | "dim", text: string) => string {
  const codes = { green: 32, red: 31, dim: 2 };
  return (colour, text) => (terminal.colour ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text);
}
