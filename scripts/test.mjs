/** `npm test`: everything. `npm test -- interop` (or check, fuzz, faults): that part alone. */

import { check } from "./check.mjs";
import { runJest, sum } from "./jest.mjs";
import { ensurePackages, howToInstall } from "./packages.mjs";
import { setup } from "./setup.mjs";
import { say } from "./steps.mjs";

/** Debian packages that the tests with real peers need: all that `needs` of test/support/requires.ts asks for. */
const PEERS = [
  "prosody",
  "ejabberd",
  "kamailio",
  "kamailio-tls-modules",
  "kamailio-presence-modules",
  "kamailio-sqlite-modules",
  "sip-tester",
  "sipsak",
  "baresip",
  "linphone-cli",
  "libpurple0",
  "finch",
  "libxml2-utils",
  "python3-slixmpp",
  "openssl",
  "slapd",
  "iproute2",
  "iptables",
  "docker-compose",
];

const PARTS = {
  check,
  fuzz: () => runJest("fuzz"),
  interop: () => runJest("interop"),
  faults: () => runJest("faults"),
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) {
  say(`There is no part ${unknown.join(", ")}; there are ${Object.keys(PARTS).join(", ")}.`);
  process.exit(2);
}
if (!(await setup())) process.exit(1);
await installPeers();
const names = wanted.length > 0 ? wanted : Object.keys(PARTS);
const figures = [];
for (const name of names) figures.push(await PARTS[name]());
process.exitCode = report(sum(figures));

/** What is missing then is found by the tests themselves: they say so instead of failing (test/support/requires.ts). */
async function installPeers() {
  const { missing } = await ensurePackages(PEERS, { purpose: " for the tests with real peers" });
  for (const [name, why] of Object.entries(missing)) say(`${name}: ${why}. ${howToInstall([name])}`);
}

function report({ passed, failed, notRun }) {
  const strict = process.env.CI === "true";
  if (notRun.length > 0) say(`\nNot run${strict ? ", which fails with CI=true" : ""}:`);
  for (const name of notRun) say(`  ${name}`);
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  return failed > 0 || (strict && notRun.length > 0) || passed === 0 ? 1 : 0;
}
