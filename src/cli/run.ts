/** `isthmus run`: the gateway, until a signal ends it. */

import type { Config } from "../config/config";
import { loadConfig } from "../config/load";
import type { Isthmus } from "../main";
import { startGateway } from "../main";
import { readArguments } from "./arguments";
import { type Command, EXIT, type ExitCode, type Terminal, UsageError } from "./command";
import { configOf } from "./config-file";

const NO_CONFIG =
  "There is no configuration. Make one with `isthmus config init > isthmus.yaml`, or name one with --config FILE; " +
  "`npm start` without any opens the sandbox.\n";

export const run: Command = {
  name: "run",
  summary: "run the gateway until SIGTERM or Ctrl-C",
  help: `isthmus run [--config FILE]

Runs the gateway that the configuration describes: FILE, else the file that ISTHMUS_CONFIG names, else isthmus.yaml in the
present folder. SIGHUP reads it anew: people and their passwords take effect at once, the log names what needs a restart.
SIGTERM or Ctrl-C answers what is in flight, closes both sides and says how much was left; a second one ends the process
at once. The log goes to standard output.

Exit codes: 0 stopped in order; 1 something could not be opened; 2 the configuration is wrong.

Example: isthmus run --config /etc/isthmus/isthmus.yaml
`,
  async run(args, terminal) {
    const { positionals, values } = readArguments(args, { values: ["config"] });
    if (positionals.length > 0)
      throw new UsageError(`run takes no ${positionals[0]}; name a file with --config`);
    const config = configOf(values.get("config"), terminal);
    if (config === undefined) {
      terminal.error(NO_CONFIG);
      return EXIT.usage;
    }
    const read = (): Config => loadConfig(config.file, terminal.env);
    const isthmus = await startOrSay(() => startGateway(config, { read }), terminal);
    if (isthmus === undefined) return EXIT.failed;
    const reload = (): void => reloadAndLog(isthmus);
    process.on("SIGHUP", reload);
    await signalled();
    process.off("SIGHUP", reload);
    process.once("SIGTERM", () => process.exit(EXIT.failed));
    process.once("SIGINT", () => process.exit(EXIT.failed));
    await isthmus.stop();
    return EXIT.ok satisfies ExitCode;
  },
};

/** Whatever is wrong with the file, the gateway goes on with what it has. */
function reloadAndLog({ reload, log }: Isthmus): void {
  reload?.().catch((error: Error) => log.error({ problem: error.message }, "configuration not reloaded"));
}

async function startOrSay(start: () => Promise<Isthmus>, terminal: Terminal): Promise<Isthmus | undefined> {
  try {
    return await start();
  } catch (error) {
    terminal.error(`isthmus could not start: ${(error as Error).message}\n`);
    return undefined;
  }
}

/** Resolves with the first signal; the process stays up until then, whatever its sockets do. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    const stayUp = setInterval(() => undefined, 60_000);
    const end = (): void => {
      clearInterval(stayUp);
      process.off("SIGTERM", end);
      process.off("SIGINT", end);
      resolve();
    };
    process.on("SIGTERM", end);
    process.on("SIGINT", end);
  });
}
