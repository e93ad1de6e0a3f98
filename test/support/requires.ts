/** Tests that need Debian packages: never silently green where a package is missing. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { requireNat } from "./nat";
import { findProgram, NotInstalled } from "./processes";
import { requireSlixmpp } from "./slixmpp";

/**
 * A suite that needs these Debian packages. When one is missing: with CI=true a failing test in its place; else a test that
 * counts as not run, by name and with the reason, which `npm test` lists at its end.
 */
export function needs(packages: readonly DebianPackage[], suite: string, body: () => void): void {
  const missing = packages.flatMap((name) => missingOf(name) ?? []);
  if (missing.length === 0) {
    describe(suite, body);
    return;
  }
  const reason = `not installed: ${missing.join(", ")}`;
  if (process.env.CI === "true") {
    test(suite, () => {
      throw new Error(reason);
    });
  } else {
    test.todo(`${suite} (${reason})`);
  }
}

export type DebianPackage = keyof typeof CHECKS;

/** Is everything there that the tests use of this Debian package? */
export function isInstalled(name: DebianPackage): boolean {
  return missingOf(name) === undefined;
}

/** The Debian package that is missing: this one, or one that belongs to it. */
function missingOf(name: DebianPackage): string | undefined {
  try {
    CHECKS[name]();
    return undefined;
  } catch (error) {
    if (error instanceof NotInstalled) {
      return error.packageName;
    }
    throw error;
  }
}

function kamailioModule(name: string, packageName: string): void {
  library(`kamailio/modules/${name}.so`, packageName);
}

function library(file: string, packageName: string): void {
  if (!LIBRARIES.some((folder) => existsSync(join(folder, file)))) throw new NotInstalled(packageName);
}

const LIBRARIES = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64"];
const CHECKS = {
  prosody: () => findProgram("prosody", "prosody"),
  ejabberd: () => findProgram("ejabberdctl", "ejabberd"),
  kamailio: () => {
    findProgram("kamailio", "kamailio");
    kamailioModule("tls", "kamailio-tls-modules");
  },
  "kamailio-presence-modules": () => kamailioModule("presence_xml", "kamailio-presence-modules"),
  "kamailio-sqlite-modules": () => kamailioModule("db_sqlite", "kamailio-sqlite-modules"),
  "python3-slixmpp": () => requireSlixmpp(),
  "sip-tester": () => findProgram("sipp", "sip-tester"),
  sipsak: () => findProgram("sipsak", "sipsak"),
  baresip: () => findProgram("baresip", "baresip-core"),
  "linphone-cli": () => findProgram("linphonec", "linphone-cli"),
  finch: () => findProgram("finch", "finch"),
  libpurple0: () => library("purple-2/libsimple.so", "libpurple0"),
  "docker-compose": () => findProgram("docker-compose", "docker-compose"),
  "libxml2-utils": () => findProgram("xmllint", "libxml2-utils"),
  /** With iptables, and the right to make network namespaces. */
  iproute2: () => requireNat(),
  openssl: () => findProgram("openssl", "openssl"),
  slapd: () => findProgram("slapd", "slapd"),
} as const;
