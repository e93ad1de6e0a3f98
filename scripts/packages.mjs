/** Debian packages that the tests and the sandbox need: there already, installed where that is allowed, or named as missing. */

import { existsSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { collect, say, since, step } from "./steps.mjs";

const LIBRARIES = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64"];
/** How to see that a package is there, whoever installed it: a program, or a Python module. */
const PROOFS = {
  baresip: { program: "baresip" },
  "docker-compose": { program: "docker-compose" },
  ejabberd: { program: "ejabberdctl" },
  kamailio: { program: "kamailio" },
  "kamailio-presence-modules": { folders: LIBRARIES, file: "kamailio/modules/presence_xml.so" },
  "kamailio-sqlite-modules": { folders: LIBRARIES, file: "kamailio/modules/db_sqlite.so" },
  "kamailio-xmpp-modules": { folders: LIBRARIES, file: "kamailio/modules/xmpp.so" },
  libpurple0: { folders: LIBRARIES, file: "purple-2/libsimple.so" },
  finch: { program: "finch" },
  "libxml2-utils": { program: "xmllint" },
  iproute2: { program: "ip" },
  iptables: { program: "iptables" },
  "linphone-cli": { program: "linphonec" },
  openssl: { program: "openssl" },
  prosody: { program: "prosodyctl" },
  "python3-slixmpp": { python: "slixmpp" },
  "sip-tester": { program: "sipp" },
  sipsak: { program: "sipsak" },
  slapd: { program: "slapd" },
};

/**
 * Makes sure that Debian packages are there.
 * @param {string[]} names
 * @param {{purpose?: string}} [options] what they are for, for the line that is said
 * @returns {Promise<{missing: Record<string, string>}>} reason by name of each package that is not there
 */
export async function ensurePackages(names, { purpose = "" } = {}) {
  const absent = await absentOf(names);
  if (absent.length === 0) return { missing: {} };
  const forbidden = await whyNoApt();
  if (forbidden !== undefined) return { missing: reasons(absent, forbidden) };
  const start = Date.now();
  say(`Installing Debian packages${purpose}: ${absent.join(" ")}`);
  await withoutServices(() => install(absent));
  const left = await absentOf(absent);
  if (left.length < absent.length) say(`✓ installed (${since(start)})`);
  return { missing: reasons(left, "apt-get could not install it") };
}

/** One sentence for a person who must install something. */
export function howToInstall(names) {
  return `Install ${names.join(" ")} (on Debian: apt-get install --no-install-recommends ${names.join(" ")}).`;
}

async function absentOf(names) {
  const there = await Promise.all(names.map(isThere));
  return names.filter((_, index) => !there[index]);
}

async function isThere(name) {
  const proof = PROOFS[name];
  if (proof?.program !== undefined) return onPath(proof.program);
  if (proof?.file !== undefined) return proof.folders.some((folder) => existsSync(join(folder, proof.file)));
  if (proof?.python !== undefined)
    return (await pythonHas("/usr/bin/python3", proof.python)) || (await pythonHas("python3", proof.python));
  const { output } = await collect(["dpkg-query", "-s", name]);
  return output.includes("Status: install ok installed");
}

/** Debian's own Python first: another one in front of it in PATH does not see Debian's modules. */
async function pythonHas(program, module) {
  return onPath(program) && (await collect([program, "-c", `import ${module}`])).code === 0;
}

/** Servers lie in sbin, which is not on everybody's path. */
function onPath(program) {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin", "/usr/local/sbin"];
  return program.startsWith("/")
    ? existsSync(program)
    : folders.some((folder) => folder !== "" && existsSync(join(folder, program)));
}

async function whyNoApt() {
  if (process.env.ISTHMUS_APT === "off") return "not installed, and ISTHMUS_APT=off forbids to install it";
  if (!onPath("apt-get")) return "not installed, and there is no apt-get";
  if (process.getuid?.() !== 0) return "not installed, and only root may install it";
  return undefined;
}

function reasons(names, why) {
  return Object.fromEntries(names.map((name) => [name, why]));
}

/** All in one go; where that fails, with fresh lists; where that fails, one by one, so that one bad name spoils nothing else. */
async function install(names) {
  if ((await aptInstall(names, false)).ok) return;
  await step("apt-get update", ["apt-get", ...WAIT, "-q", "update"], { env: APT_ENV });
  if ((await aptInstall(names, names.length === 1)).ok) return;
  if (names.length > 1) for (const name of names) await aptInstall([name], true);
}

async function aptInstall(names, tell) {
  const command = ["apt-get", ...WAIT, "-q", "-y", "--no-install-recommends", "install", ...names];
  if (tell) return step(`apt-get install ${names.join(" ")}`, command, { env: APT_ENV });
  return (await collect(command, { env: APT_ENV })).code === 0 ? { ok: true } : { ok: false };
}

/** A server that starts by itself would take the ports that tests and operator want (invoke-rc.d asks this file). */
async function withoutServices(work) {
  const mine = !existsSync(POLICY);
  try {
    if (mine) writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
    await work();
  } finally {
    if (mine) rmSync(POLICY, { force: true });
  }
}

const POLICY = "/usr/sbin/policy-rc.d";
const APT_ENV = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
/** Another apt may be at work: wait for its lock, seconds. */
const WAIT = ["-o", "DPkg::Lock::Timeout=300"];
