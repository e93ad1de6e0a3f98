#!/usr/bin/env -S node --min-semi-space-size=32 --max-semi-space-size=32 --no-allocation-site-pretenuring
/** The commands that a person types. */

import { ConfigError } from "../config/problem";
import { VERSION } from "../runtime/version";
import { check } from "./check";
import { type Command, EXIT, type ExitCode, type Terminal, UsageError } from "./command";
import { config } from "./config-init";
import { lists } from "./lists";
import { map } from "./map";
import { run } from "./run";
import { sandbox } from "./sandbox";
import { subs } from "./subs";
import { translate } from "./translate";
import { who } from "./who";

/** Time to write the last lines and to close connections. */
const LINGER_MS = 2_000;

const COMMANDS: readonly Command[] = [run, check, subs, lists, who, map, translate, config, sandbox];

/**
 * Runs one command.
 * @param args what was typed after `isthmus`
 * @returns the exit code: 0 it worked, 1 it did not, 2 the call or the configuration is wrong
 */
export async function main(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const [name, ...rest] = args;
  if (name === "--version") {
    terminal.out(`${VERSION}\n`);
    return EXIT.ok;
  }
  const command = COMMANDS.find((one) => one.name === name);
  if (command === undefined) return overview(name, terminal);
  if (rest.includes("--help") || rest.includes("-h")) {
    terminal.out(command.help);
    return EXIT.ok;
  }
  try {
    return await command.run(rest, terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.error(`isthmus ${command.name}: ${error.message}. See \`isthmus ${command.name} --help\`.\n`);
      return EXIT.usage;
    }
    if (error instanceof ConfigError) {
      terminal.error(`${error.message}\n`);
      return EXIT.usage;
    }
    throw error;
  }
}

function overview(name: string | undefined, terminal: Terminal): ExitCode {
  const known = name === undefined || name === "--help" || name === "-h" || name === "help";
  const text = `isthmus ${VERSION}: a federation gateway between SIP and XMPP

${COMMANDS.map((command) => `  isthmus ${command.name.padEnd(10)} ${command.summary}`).join("\n")}

  isthmus COMMAND --help   more on one of them
  isthmus --version

Exit codes: 0 it worked, 1 it did not, 2 the call or the configuration is wrong.
`;
  if (known && name !== undefined) {
    terminal.out(text);
    return EXIT.ok;
  }
  terminal.error(known ? text : `isthmus: there is no command ${name}. See \`isthmus --help\`.\n`);
  return EXIT.usage;
}

if (require.main === module) {
  const terminal: Terminal = {
    out: (text) => process.stdout.write(text),
    error: (text) => process.stderr.write(text),
    input: process.stdin,
    env: process.env,
    folder: process.cwd(),
    colour: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
  };
  main(process.argv.slice(2), terminal).then(
    (code) => end(code),
    (error: Error) => {
      process.stderr.write(`isthmus: ${error.stack ?? error.message}\n`);
      end(EXIT.failed);
    },
  );
}

/** Output drains and sockets close by themselves; what a failed start left open may not keep the process for ever. */
function end(code: ExitCode): void {
  process.exitCode = code;
  setTimeout(() => process.exit(code), LINGER_MS).unref();
}
