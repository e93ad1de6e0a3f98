/** Directories for tests: addresses as the configuration reads them, LDAP options with short times. */

import { addressesOf } from "../../src/config/directory-addresses";
import type { Addresses } from "../../src/directory/addresses";
import { createDirectory } from "../../src/directory/directory";
import { DEFAULT_LDAP_LIMITS, type LdapLimits, type LdapOptions } from "../../src/directory/ldap/options";
import { type CacheOptions, DEFAULT_CACHE, type SourceOptions } from "../../src/directory/options";
import type { Clock, Directory } from "../../src/gateway/sides";
import { systemClock } from "../../src/runtime/clock";
import { createCounters } from "../../src/runtime/counters";
import { nullLog } from "./null-log";

/** sip.example lives on SIP and is sip.example on XMPP too; xmpp.example lives on XMPP; telephone numbers are of sip.example. */
export const ADDRESSES: Addresses = addressesOf({
  sip: [{ sip: "sip.example", xmpp: "sip.example", peer: "default", tel: true }],
  xmpp: [{ xmpp: "xmpp.example", sip: "xmpp.example", via: "route" }],
});

export interface MadeDirectory {
  readonly directory: Directory;
  readonly log: ReturnType<typeof nullLog>;
  readonly counters: ReturnType<typeof createCounters>;
}

/** A directory on these sources; it is stopped when the test file ends. */
export function makeDirectory(
  sources: readonly SourceOptions[],
  { cache = {}, clock = systemClock() }: { cache?: Partial<CacheOptions>; clock?: Clock } = {},
): MadeDirectory {
  const log = nullLog();
  const counters = createCounters();
  const directory = createDirectory(
    { sources, cache: { ...DEFAULT_CACHE, ...cache } },
    { clock, log, counters, addresses: ADDRESSES },
  );
  made.push(directory);
  return { directory, log, counters };
}

export interface LdapDifferences extends Partial<Omit<LdapOptions, "limits">> {
  readonly limits?: Partial<LdapLimits>;
}

/** Options for servers at these URLs, with the attributes of docs/directory.md. */
export function ldapOptions(urls: readonly string[], more: LdapDifferences = {}): LdapOptions {
  return {
    kind: "ldap",
    name: "ldap",
    servers: urls.map((url) => {
      const { hostname, port, protocol } = new URL(url);
      return { url, host: hostname, port: Number(port), isTls: protocol === "ldaps:" };
    }),
    startTls: false,
    base: "ou=people,dc=example,dc=org",
    scope: "sub",
    realm: "sip.example",
    attributes: ATTRIBUTES,
    filters: { person: "(objectClass=person)" },
    ...more,
    limits: { ...DEFAULT_LDAP_LIMITS, ...more.limits },
  };
}

/** Those of the schema in docs/directory.md. */
export const ATTRIBUTES: LdapOptions["attributes"] = {
  username: "uid",
  sip: "sipAddress",
  aliases: "sipAlias",
  jid: "jid",
  md5: "sipDigestMd5",
  sha256: "sipDigestSha256",
  sha512: "sipDigestSha512",
  digestPrefix: "{realm}:",
  allowed: { attribute: "sipAllowed", value: "TRUE" },
  name: "displayName",
  givenName: "givenName",
  familyName: "sn",
  email: "mail",
  telephone: "telephoneNumber",
  organization: "o",
  unit: "ou",
  title: "title",
  photo: "jpegPhoto",
};

const made: Directory[] = [];
afterAll(() => Promise.all(made.map((directory) => directory.stop())));
