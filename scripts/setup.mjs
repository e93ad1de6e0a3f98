/** Brings a clone to where everything can run: packages of npm, the native SQLite module, dist/. Does only what is missing. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensurePackages, howToInstall } from "./packages.mjs";
import { collect, ROOT, say, step, tool } from "./steps.mjs";

/**
 * @param {{build?: boolean}} [options] build: also compile src/ to dist/
 * @returns {Promise<boolean>} true when all is there; else the reason has been said
 */
export async function setup({ build = true } = {}) {
  if (!nodeIsNewEnough()) return false;
  if (modulesAreOld() && !(await installModules())) return false;
  if (!(await sqliteLoads()) && !(await rebuildNative())) return false;
  return !build || (await buildIfOld());
}

function nodeIsNewEnough() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 11)) return true;
  say(`Isthmus needs Node 20.11 or later; this is ${process.versions.node}.`);
  return false;
}

/** npm writes its own record of what it installed: older than the lock file means that something changed since. */
function modulesAreOld() {
  const installed = join(ROOT, "node_modules", ".package-lock.json");
  if (!existsSync(installed)) return true;
  return statSync(installed).mtimeMs < statSync(join(ROOT, "package-lock.json")).mtimeMs;
}

/** Without the packages' own scripts: what needs a compiler comes in a step of its own, which can be repeated. */
async function installModules() {
  const { ok } = await step("npm ci", ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    env: npmEnv(),
  });
  return ok;
}

async function sqliteLoads() {
  const code = "new (require('better-sqlite3'))(':memory:').close()";
  return (await collect([process.execPath, "-e", code])).code === 0;
}

/** A ready binary is fetched where there is one; else it is compiled, which takes some minutes. */
async function rebuildNative() {
  const title = "npm rebuild (compiles SQLite where no ready binary can be fetched: about three minutes)";
  const rebuild = ["npm", "rebuild", "--no-audit", "--no-fund"];
  if (!compilerIsMissing()) {
    return (await step(title, rebuild, { env: npmEnv() })).ok && reportSqlite();
  }
  say(`… ${title}`);
  if ((await collect(rebuild, { env: npmEnv() })).code === 0 && (await sqliteLoads())) return true;
  const { missing } = await ensurePackages(COMPILER, { purpose: " (SQLite must be compiled)" });
  if (Object.keys(missing).length > 0) {
    say(
      `SQLite (better-sqlite3) has no ready binary for this machine and must be compiled. ${howToInstall(COMPILER)}`,
    );
    return false;
  }
  return (await step(title, rebuild, { env: npmEnv() })).ok && reportSqlite();
}

async function reportSqlite() {
  if (await sqliteLoads()) return true;
  say("better-sqlite3 was built but does not load: remove node_modules and try again.");
  return false;
}

function compilerIsMissing() {
  const folders = (process.env.PATH ?? "").split(":");
  return ["make", "g++", "python3"].some((name) => !folders.some((folder) => existsSync(join(folder, name))));
}

/** Where node came with its headers, node-gyp need not fetch them. */
function npmEnv() {
  const prefix = dirname(dirname(process.execPath));
  const hasHeaders = existsSync(join(prefix, "include", "node", "node.h"));
  return hasHeaders ? { ...process.env, npm_config_nodedir: prefix } : process.env;
}

async function buildIfOld() {
  const stamp = join(ROOT, "dist", ".built-from");
  const now = fingerprint();
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === now) return true;
  rmSync(join(ROOT, "dist"), { recursive: true, force: true }); // what has no source any more must not stay
  const { ok } = await step("build", [...tool("typescript", "bin/tsc"), "-p", "tsconfig.build.json"]);
  if (!ok) return false;
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, now);
  return true;
}

/** Names, sizes and times of everything that dist/ is made of. */
function fingerprint() {
  const hash = createHash("sha256");
  const sources = readdirSync(join(ROOT, "src"), { recursive: true })
    .filter((name) => /\.(ts|json)$/.test(name))
    .sort();
  for (const name of [
    ...sources.map((source) => join("src", source)),
    "tsconfig.json",
    "tsconfig.build.json",
    "package-lock.json",
  ]) {
    const { size, mtimeMs } = statSync(join(ROOT, name));
    hash.update(`${name} ${size} ${mtimeMs}\n`);
  }
  return hash.digest("hex");
}

const COMPILER = ["build-essential", "python3"];

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = (await setup()) ? 0 : 1;
