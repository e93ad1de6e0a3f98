/** `directory:` → what the directory is told at start. */

import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { LdapAttributes, LdapOptions, LdapServerAddress } from "../directory/ldap/options";
import type { DirectoryOptions, ListedPerson, SourceOptions } from "../directory/options";
import { complain, type Loading, readNamed } from "./files";
import type { Settings } from "./schema";
import { resolveSecret } from "./secret";

type LdapSettings = Settings["directory"]["ldap"];

export interface DirectoryConfig extends DirectoryOptions {
  /** Address or username that `isthmus check` looks up. */
  readonly person?: string;
}

/** @param people those of the users file, in its order */
export function directoryConfig(
  loading: Loading,
  { directory, sip }: Settings,
  people: readonly ListedPerson[],
): DirectoryConfig {
  const { cache, ldap, person } = directory;
  const users: SourceOptions[] = sip.users === undefined ? [] : [{ kind: "users", name: sip.users, people }];
  const inLdap = ldapOptions(loading, ldap, sip.realm);
  return {
    sources: [...users, ...(inLdap === undefined ? [] : [inLdap])],
    cache: {
      lifetimeMs: cache.lifetime,
      absenceMs: cache.absence,
      maximumEntries: cache.entries,
      maximumOctets: cache.size,
      freshEveryMs: cache.freshEvery,
    },
    ...(person === undefined ? {} : { person }),
  };
}

function ldapOptions(loading: Loading, ldap: LdapSettings, realm: string): LdapOptions | undefined {
  if (ldap.servers.length === 0) return withoutServers(loading, ldap);
  checkServers(loading, ldap);
  const ca = ldap.ca === undefined ? undefined : readAuthority(loading, ldap.ca);
  const bind = bindOf(loading, ldap);
  if (ldap.base === undefined)
    complain(
      loading,
      [...LDAP, "base"],
      "the DN below which people are, because servers are given",
      "nothing",
    );
  const { limits, filters } = ldap;
  return {
    kind: "ldap",
    name: ldap.name,
    servers: ldap.servers,
    startTls: ldap.startTls,
    ...(ca === undefined ? {} : { ca }),
    ...(bind === undefined ? {} : { bind }),
    base: ldap.base ?? "",
    scope: ldap.scope,
    realm,
    attributes: attributesOf(ldap.attributes),
    filters: {
      person: filters.person,
      ...(filters.sip === undefined ? {} : { sip: filters.sip }),
      ...(filters.jid === undefined ? {} : { jid: filters.jid }),
      ...(filters.username === undefined ? {} : { username: filters.username }),
      ...(filters.search === undefined ? {} : { search: filters.search }),
    },
    limits: {
      connections: limits.connections,
      questions: limits.questions,
      waiting: limits.waiting,
      connectMs: limits.connect,
      queryMs: limits.query,
      retryMs: limits.retry,
      idleMs: limits.idle,
      answerOctets: limits.answerSize,
      results: limits.results,
      page: limits.page,
      photoOctets: limits.photoSize,
    },
  };
}

function withoutServers(loading: Loading, { base, bindDn }: LdapSettings): undefined {
  const other = base === undefined ? (bindDn === undefined ? undefined : "bindDn") : "base";
  if (other === undefined) return undefined;
  return complain(
    loading,
    [...LDAP, "servers"],
    `at least one server, because directory.ldap.${other} is given`,
    "none",
  );
}

/** What goes over the wire in clear is the bind password, and everybody's digests. */
function checkServers(loading: Loading, { servers, startTls, allowPlain }: LdapSettings): void {
  servers.forEach((server, index) => {
    const isPlain = !server.isTls && !startTls && !isOwnMachine(server);
    if (!isPlain || allowPlain) return;
    const expected = "ldaps:, or startTls: true; allowPlain: true if nobody can listen on the way";
    complain(loading, [...LDAP, "servers", index], expected, server.url);
  });
}

function isOwnMachine({ host }: LdapServerAddress): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function readAuthority(loading: Loading, file: string): string | undefined {
  const text = readNamed(loading, [...LDAP, "ca"], file);
  if (text === undefined) return undefined;
  try {
    new X509Certificate(text);
    return text;
  } catch {
    return complain(loading, [...LDAP, "ca"], "a certificate in PEM", "a file that is not");
  }
}

function bindOf(loading: Loading, ldap: LdapSettings): LdapOptions["bind"] {
  const from = { inline: ldap.password, file: ldap.passwordFile, variable: ldap.passwordEnv };
  if (ldap.bindDn === undefined) {
    if (Object.values(from).every((one) => one === undefined)) return undefined;
    return complain(loading, [...LDAP, "bindDn"], "a DN, because a password is given", "nothing");
  }
  const password = resolveSecret(loading, LDAP, "password", from);
  return password === undefined ? undefined : { dn: ldap.bindDn, password };
}

/** What is an empty text is nowhere. */
function attributesOf({ allowed, allowedValue, ...others }: LdapSettings["attributes"]): LdapAttributes {
  const named = Object.entries(others).filter(([, text]) => text !== undefined && text !== "");
  return {
    username: "",
    ...Object.fromEntries(named),
    ...(allowed === "" ? {} : { allowed: { attribute: allowed, value: allowedValue } }),
  };
}

const LDAP = ["directory", "ldap"] as const;
