/** Runs one jest project and reads its figures from jest's own JSON. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { collect, runOpenly, say, since, tool } from "./steps.mjs";

/** @typedef {{passed: number, failed: number, notRun: string[]}} Figures */

/**
 * @param {string} project name of a project of jest.config.cjs
 * @param {{env?: NodeJS.ProcessEnv, workers?: number, quiet?: boolean}} [options]
 * @returns {Promise<Figures>}
 */
export async function runJest(project, { env = process.env, workers = CORES, quiet = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "isthmus-jest-"));
  const file = join(folder, "result.json");
  const start = Date.now();
  say(`… ${project} tests`);
  try {
    const args = ["--selectProjects", project, "--passWithNoTests", "--json", `--outputFile=${file}`];
    const command = [...tool("jest", "bin/jest.js"), ...args, `--maxWorkers=${workers}`];
    const { code, output } = await run(command, env, quiet);
    const figures = figuresOf(file, code);
    const failed = figures.failed > 0;
    if (failed && quiet) say(output);
    say(
      `${failed ? "✗" : "✓"} ${project} tests: ${figures.passed} passed, ${figures.failed} failed (${since(start)})`,
    );
    return figures;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** jest writes its report to standard error; the JSON goes to the file, so standard output holds nothing. */
async function run(command, env, quiet) {
  if (quiet) return collect(command, { env });
  return { code: await runOpenly(command, { env }), output: "" };
}

/** A suite that could not even start counts as one failure, and so does a jest that wrote nothing. */
function figuresOf(file, code) {
  let result;
  try {
    result = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return { passed: 0, failed: 1, notRun: [] };
  }
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  const tests = result.testResults.flatMap((suite) => suite.assertionResults);
  const notRun = tests.filter((test) => NOT_RUN.has(test.status)).map((test) => test.fullName);
  return { passed: result.numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed, notRun };
}

/** Of itself jest leaves one core idle, which is half of two. */
export const CORES = availableParallelism();
const NOT_RUN = new Set(["pending", "skipped", "todo", "disabled"]);

/** Adds up figures. */
export function sum(all) {
  return {
    passed: all.reduce((total, one) => total + one.passed, 0),
    failed: all.reduce((total, one) => total + one.failed, 0),
    notRun: all.flatMap((one) => one.notRun),
  };
}
