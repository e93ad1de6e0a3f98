/** Tests that need Debian packages: never silently green where a package is missing. */

import { appendFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram, NotInstalled } from "./processes";
import { requireSlixmpp } from "./slixmpp";

/**
 * A suite that needs these Debian packages. When one is missing: with CI=true a failing test in its place; else one line
 * in the file that ISTHMUS_NOT_RUN names, which `npm test` prints, and a passing test whose name says that nothing ran.
 */
export function needs(packages: readonly DebianPackage[], suite: string, body: () => void): void {
  const missing = packages.filter((name) => !isInstalled(name));
  if (missing.length === 0) {
    describe(suite, body);
    return;
  }
  const reason = `not installed: ${missing.join(", ")}`;
  if (process.env.CI === "true") {
    test(suite, () => {
      throw new Error(reason);
    });
    return;
  }
  appendFileSync(
    process.env.ISTHMUS_NOT_RUN ?? join(tmpdir(), "isthmus-not-run.txt"),
    `${suite}: ${reason}\n`,
  );
  test(`NOT RUN: ${suite} (${reason})`, () => undefined);
}

export type DebianPackage = keyof typeof CHECKS;

/** Is everything there that the tests use of this Debian package? */
export function isInstalled(name: DebianPackage): boolean {
  try {
    CHECKS[name]();
    return true;
  } catch (error) {
    if (error instanceof NotInstalled) {
      return false;
    }
    throw error;
  }
}

const CHECKS = {
  prosody: () => findProgram("prosody", "prosody"),
  ejabberd: () => findProgram("ejabberdctl", "ejabberd"),
  kamailio: () => findProgram("kamailio", "kamailio"),
  "python3-slixmpp": () => requireSlixmpp(),
  "sip-tester": () => findProgram("sipp", "sip-tester"),
  sipsak: () => findProgram("sipsak", "sipsak"),
  baresip: () => findProgram("baresip", "baresip-core"),
  "linphone-cli": () => findProgram("linphonec", "linphone-cli"),
  openssl: () => findProgram("openssl", "openssl"),
  slapd: () => findProgram("slapd", "slapd"),
} as const;
