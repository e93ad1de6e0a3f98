/** `npm start`: the gateway where there is a configuration, else the sandbox. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { ensurePackages, howToInstall } from "./packages.mjs";
import { setup } from "./setup.mjs";
import { ROOT, runOpenly, say } from "./steps.mjs";

const args = process.argv.slice(2);
const once = args.includes("--once");
const configured =
  args.some((arg) => arg === "--config" || arg.startsWith("--config=")) ||
  Boolean(process.env.ISTHMUS_CONFIG) ||
  existsSync(join(ROOT, "isthmus.yaml"));
const command = configured && !once ? "run" : "sandbox";

/** The sandbox shows a real XMPP server: installed where that is allowed, else named. */
async function prosody() {
  const { missing } = await ensurePackages(["prosody"], { purpose: " for the sandbox" });
  if (missing.prosody === undefined) return true;
  say(`The sandbox needs Prosody: ${missing.prosody}. ${howToInstall(["prosody"])}`);
  return false;
}

if ((await setup()) && (command === "run" || (await prosody()))) {
  process.exitCode = await runOpenly([
    process.execPath,
    "--min-semi-space-size=32",
    "--max-semi-space-size=32",
    "--no-allocation-site-pretenuring", // all as dist/cli/main.js has it in its first line
    join(ROOT, "dist", "cli", "main.js"),
    command,
    ...args,
  ]);
} else {
  process.exitCode = 1;
}
