/** `npm run check`: types, lint and format, unit tests (the architecture test among them). Before each commit. */

import { fileURLToPath } from "node:url";
import { CORES, runJest } from "./jest.mjs";
import { setup } from "./setup.mjs";
import { say, since, step, tool } from "./steps.mjs";

/** @returns {Promise<import("./jest.mjs").Figures>} each failed step counts as one failure */
export async function check() {
  const start = Date.now();
  const types = await step("types", [...tool("typescript", "bin/tsc"), "-p", "tsconfig.json", "--noEmit"]);
  const lint = await step("lint and format", [...tool("@biomejs/biome", "bin/biome"), "check", "."]);
  // One more than cores: some wait for a disk or for a child process.
  const unit = await runJest("unit", { workers: CORES + 1, quiet: true });
  say(`Check took ${since(start)}.`);
  return { ...unit, failed: unit.failed + (types.ok ? 0 : 1) + (lint.ok ? 0 : 1) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const ready = await setup({ build: false });
  process.exitCode = ready && (await check()).failed === 0 ? 0 : 1;
}
