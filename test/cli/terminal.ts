/** A command run in this process, with all that it says. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Terminal } from "../../src/cli/command";
import { main } from "../../src/cli/main";

export interface Call {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

export interface Surroundings {
  /** Standard input, as the chunks that come. */
  readonly input?: readonly (string | Buffer)[];
  readonly env?: Readonly<Record<string, string>>;
  /** The present folder. */
  readonly folder?: string;
}

/** A terminal that records; in a folder without any configuration unless told otherwise. */
export function recordingTerminal({ input = [], env = {}, folder = "/nowhere" }: Surroundings = {}) {
  const said = { out: "", error: "" };
  const terminal: Terminal = {
    out: (text) => {
      said.out += text;
    },
    error: (text) => {
      said.error += text;
    },
    input: Readable.from(input.map((chunk) => Buffer.from(chunk))),
    env,
    folder,
    colour: false,
  };
  return { terminal, said };
}

/** `isthmus ARGS`. */
export async function isthmus(args: readonly string[], surroundings: Surroundings = {}): Promise<Call> {
  const { terminal, said } = recordingTerminal(surroundings);
  const code = await main(args, terminal);
  return { code, ...said };
}

/** A folder for the tests of one file, removed after them. */
export function folderForTests(): string {
  const folder = mkdtempSync(join(tmpdir(), "isthmus-cli-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
