/** `npm run bench`: every program directly in bench/, or those that are named: `npm run bench -- messages`; `-- --help` tells. */

import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { setup } from "./setup.mjs";
import { ROOT, runOpenly, say, step, tool } from "./steps.mjs";

/** Inside node_modules: out of git's sight, and packages are found from there. Each run has its own, so that two may run. */
const BUILT = join(ROOT, "node_modules", ".cache", `isthmus-bench-${process.pid}`);

const named = process.argv.slice(2).filter((arg) => !arg.startsWith("-"));
const options = process.argv.slice(2).filter((arg) => arg.startsWith("-"));
const programs = readdirSync(join(ROOT, "bench"))
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
  .map((name) => basename(name, ".ts"));

/** About, on two cores. */
const TIMES = {
  accounts: "15 to 20 minutes; --quick: 6 to 8",
  presence: "much the longest of them, also with --quick",
  messages: "13 minutes; --quick: 5",
  "sip-parse": "under a minute",
  "sip-side": "under a minute",
  "xmpp-side": "a minute or two",
};

process.exitCode = await main();

async function main() {
  if (options.includes("--help") || options.includes("-h")) {
    process.stdout.write(`${help()}\n`);
    return 0;
  }
  const unknown = named.filter((name) => !programs.includes(name));
  if (unknown.length > 0 || programs.length === 0) {
    say(`There is no bench ${unknown.join(", ")}; there are: ${programs.join(", ") || "none"}.`);
    return 2;
  }
  if (!(await setup())) return 1;
  try {
    return (await build()) ? await runAll(named.length > 0 ? named : programs) : 1;
  } finally {
    rmSync(BUILT, { recursive: true, force: true });
  }
}

async function runAll(programs) {
  for (const program of programs) {
    const code = await runOpenly([process.execPath, join(BUILT, "bench", `${program}.js`), ...options]);
    if (code !== 0) return code;
  }
  return 0;
}

/** What each program says of itself at its head, and how long it takes. */
function help() {
  const parts = programs.map((program) => {
    const text = readFileSync(join(ROOT, "bench", `${program}.ts`), "utf8");
    const head = /^\/\*\*\s*([\s\S]*?)\s*\*\//.exec(text)?.[1] ?? "";
    const lines = head.split("\n").map((line) => `    ${line.replace(/^ ?\* ?/, "")}`.trimEnd());
    return `  ${program}${TIMES[program] === undefined ? "" : ` (${TIMES[program]})`}\n${lines.join("\n")}`;
  });
  return `npm run bench -- [NAME…] [OPTION…]

Without a name all of these run, one after another; every option goes to each of them. See that nothing else runs on
the machine. Results and their meaning: docs/scale.md.

${parts.join("\n\n")}

ISTHMUS_BENCH_PROFILE=1 in the environment leaves a profile of the gateway's CPU in a temporary folder, which is named
at the end.`;
}

async function build() {
  rmSync(BUILT, { recursive: true, force: true });
  const project = existsSync(join(ROOT, "bench", "tsconfig.json")) ? "bench/tsconfig.json" : "tsconfig.json";
  const output = ["--noEmit", "false", "--outDir", BUILT, "--rootDir", ROOT];
  if (!(await step("build of bench/", [...tool("typescript", "bin/tsc"), "-p", project, ...output])).ok)
    return false;
  // What the package finds beside its package.json is found from the build too.
  for (const name of ["package.json", "mappings", "migrations"])
    symlinkSync(join(ROOT, name), join(BUILT, name));
  return true;
}
