/** `npm start`: the gateway where there is a configuration, else the sandbox. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { setup } from "./setup.mjs";
import { ROOT, runOpenly } from "./steps.mjs";

const args = process.argv.slice(2);
const once = args.includes("--once");
const configured =
  args.some((arg) => arg === "--config" || arg.startsWith("--config=")) ||
  Boolean(process.env.ISTHMUS_CONFIG) ||
  existsSync(join(ROOT, "isthmus.yaml"));
const command = configured && !once ? "run" : "sandbox";

if (await setup()) {
  process.exitCode = await runOpenly([
    process.execPath,
    join(ROOT, "dist", "cli", "main.js"),
    command,
    ...args,
  ]);
} else {
  process.exitCode = 1;
}
