/** Tests that need Debian packages: never silently green where a package is missing. */

import { findProgram, NotInstalled } from "./processes";
import { requireSlixmpp } from "./slixmpp";

/**
 * A suite that needs these Debian packages. When one is missing: with CI=true a failing test in its place; else a test that
 * counts as not run, by name and with the reason, which `npm test` lists at its end.
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
  } else {
    test.todo(`${suite} (${reason})`);
  }
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
  "docker-compose": () => findProgram("docker-compose", "docker-compose"),
  openssl: () => findProgram("openssl", "openssl"),
  slapd: () => findProgram("slapd", "slapd"),
} as const;
