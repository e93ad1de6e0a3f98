/** `isthmus check`: validates the configuration, then tries each real thing in turn and says what to do. */

import { readArguments } from "./arguments";
import { type Command, EXIT, type ExitCode, painter, type Terminal } from "./command";
import { configOf } from "./config-file";
import type { Probe, ProbeResult } from "./probe";
import { probesOf } from "./probes";

export const check: Command = {
  name: "check",
  summary: "validate the configuration and try every part of it",
  help: `isthmus check [--config FILE] [--json]

Validates the configuration, naming each wrong key and what is expected; then tries the real things in turn: the database,
the SIP listeners, the handshake of each XMPP component, the next hop of each SIP peer by OPTIONS. Says what failed and what
to do. A gateway that runs already holds its listeners and its component: stop it first, or expect these two to fail.

  --json   print one object: {config, probes: [{name, ok, detail, advice}]}

Exit codes: 0 all is well; 1 something failed; 2 the configuration is wrong.
`,
  async run(args, terminal) {
    const { flags, values } = readArguments(args, { flags: ["json"], values: ["config"] });
    const config = configOf(values.get("config"), terminal);
    if (config === undefined) {
      terminal.error(
        "There is no configuration: name one with --config FILE, or see `isthmus config init --help`.\n",
      );
      return EXIT.usage;
    }
    return runProbes(config.file, await probesOf(config), flags.has("json"), terminal);
  },
};

/** Runs the probes one after another, telling each as it ends. */
export async function runProbes(
  file: string,
  probes: readonly Probe[],
  json: boolean,
  terminal: Terminal,
): Promise<ExitCode> {
  const results: (ProbeResult & { readonly name: string })[] = [];
  if (!json) terminal.out(`✓ configuration ${file}\n`);
  for (const probe of probes) {
    const result = await probe.run();
    results.push({ name: probe.name, ...result });
    if (!json) tell(probe.name, result, terminal);
  }
  if (json) terminal.out(`${JSON.stringify({ config: file, probes: results })}\n`);
  return results.every((result) => result.ok) ? EXIT.ok : EXIT.failed;
}

function tell(name: string, result: ProbeResult, terminal: Terminal): void {
  const paint = painter(terminal);
  const mark = result.ok ? paint("green", "✓") : paint("red", "✗");
  terminal.out(`${mark} ${name}${result.detail === undefined ? "" : `: ${result.detail}`}\n`);
  if (!result.ok) terminal.out(`    ${result.advice}\n`);
}
