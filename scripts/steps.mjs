/** Runs the long steps of the scripts: one line when a step starts, one when it ends, one in between so that nobody waits in the dark. */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** A tool of node_modules as the argument list that starts it under this very node. */
export function tool(packageName, file) {
  return [process.execPath, join(ROOT, "node_modules", packageName, file)];
}

export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Seconds since `start`, as text. */
export function since(start) {
  return `${((Date.now() - start) / 1000).toFixed(1)} s`;
}

/**
 * Runs one command quietly. Its output is shown only when it fails.
 * @returns {Promise<{ok: boolean, output: string}>}
 */
export async function step(title, command, { env = process.env, cwd = ROOT, announce = true } = {}) {
  const start = Date.now();
  if (announce) say(`… ${title}`);
  const ticker = setInterval(() => say(`… ${title}: still at work after ${since(start)}`), TICK);
  const { code, output } = await collect(command, { env, cwd }).finally(() => clearInterval(ticker));
  if (code === 0) {
    if (announce) say(`✓ ${title} (${since(start)})`);
    return { ok: true, output };
  }
  say(`✗ ${title} (${since(start)}, exit code ${code})`);
  say(output.split("\n").slice(-SHOWN_LINES).join("\n"));
  return { ok: false, output };
}

/** Runs a command with the terminal to itself; resolves with its exit code. */
export function runOpenly(command, { env = process.env, cwd = ROOT } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command[0], command.slice(1), { cwd, env, stdio: "inherit" });
    // The terminal sends Ctrl-C to both; this one waits for the other's orderly end.
    const ignore = () => {};
    const pass = () => child.kill("SIGTERM");
    process.on("SIGINT", ignore);
    process.on("SIGTERM", pass);
    child.on("error", (error) => {
      say(`${command[0]}: ${error.message}`);
      resolve(127);
    });
    child.on("close", (code, signal) => {
      process.off("SIGINT", ignore);
      process.off("SIGTERM", pass);
      resolve(code ?? (signal === null ? 1 : 128));
    });
  });
}

/** Runs a command and keeps what it writes. */
export function collect(command, { env = process.env, cwd = ROOT } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command[0], command.slice(1), { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    const chunks = [];
    child.stdout.on("data", (chunk) => chunks.push(chunk));
    child.stderr.on("data", (chunk) => chunks.push(chunk));
    child.on("error", (error) => resolve({ code: 127, output: error.message }));
    child.on("close", (code) => resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString("utf8") }));
  });
}

/** Between two signs of life of a long step, milliseconds. */
const TICK = 10_000;
/** Enough of a failed command's output to see why. */
const SHOWN_LINES = 60;
