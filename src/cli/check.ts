/** `isthmus check`: validates the configuration, then tries each real thing in turn and says what to do. */

import type { Config } from "../config/config";
import { ConfigError } from "../config/problem";
import { readArguments } from "./arguments";
import { type Command, EXIT, type ExitCode, painter, type Terminal, UsageError } from "./command";
import { configOf } from "./config-file";
import type { Probe, ProbeResult } from "./probe";
import { probesOf } from "./probes";

export const check: Command = {
  name: "check",
  summary: "validate the configuration and try every part of it",
  help: `isthmus check [--person WHO] [--config FILE] [--json]

Validates the configuration, naming each wrong key and what is expected; then tries the real things in turn: the database,
the health page, each LDAP server and one person in the directory, the SIP listeners, the handshake of each XMPP component,
the next hop of each SIP peer by OPTIONS. Says what failed and what to do. A silent next hop is given up after 6.4 s, a
silent XMPP server after 10 s.

Beside a gateway that runs already, found by its health page, what that one holds is asked of it and not opened a second
time. Where health.listen is off, stop the gateway first: a second component connection could take messages from it.

  --person WHO   look up this address or username in the directory, instead of that of directory.person
  --json         print one object: {config, probes: [{name, ok, detail, advice}]}, or {config, problems: [{key, line,
                 found, expected}]} when the configuration is wrong

Exit codes: 0 all is well; 1 something failed; 2 the configuration is wrong, or there is none.

Example: isthmus check --config /etc/isthmus/isthmus.yaml
`,
  async run(args, terminal) {
    const { positionals, flags, values } = readArguments(args, {
      flags: ["json"],
      values: ["config", "person"],
    });
    if (positionals.length > 0)
      throw new UsageError(`check takes no ${positionals[0]}; name a file with --config`);
    const json = flags.has("json");
    const config = configOrProblems(values.get("config"), json, terminal);
    if (config === undefined) return EXIT.usage;
    const { probes, close } = await probesOf(config, values.get("person"));
    try {
      return await runProbes(config.file, probes, json, terminal);
    } finally {
      await close();
    }
  },
};

/** A program that asks for JSON gets the problems as JSON too. */
function configOrProblems(named: string | undefined, json: boolean, terminal: Terminal): Config | undefined {
  try {
    const config = configOf(named, terminal);
    if (config === undefined) {
      terminal.error(
        "There is no configuration: name one with --config FILE, or see `isthmus config init --help`.\n",
      );
    }
    return config;
  } catch (error) {
    if (!json || !(error instanceof ConfigError)) throw error;
    terminal.out(`${JSON.stringify({ config: error.file, problems: error.problems })}\n`);
    return undefined;
  }
}

/** Runs the probes one after another, telling each as it ends. */
export async function runProbes(
  file: string,
  probes: readonly Probe[],
  json: boolean,
  terminal: Terminal,
): Promise<ExitCode> {
  const results: (ProbeResult & { readonly name: string })[] = [];
  if (!json) tell(`configuration ${file}`, { ok: true }, terminal);
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
