import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DirectoryConfig } from "../../src/config/directory";
import { configFrom } from "../../src/config/load";
import { ConfigError, type Problem } from "../../src/config/problem";
import { DEFAULT_LDAP_LIMITS } from "../../src/directory/ldap/options";
import { DEFAULT_CACHE } from "../../src/directory/options";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "isthmus-config-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const SMALL = `
xmpp: { components: [{ host: sip.example, secret: s }] }
domains:
  sip: [{ sip: sip.example, xmpp: sip.example, tel: true }]
  xmpp: [{ xmpp: xmpp.example, sip: xmpp.example }]
`;
const LDAP =
  "servers: ['ldaps://ldap.example'], base: 'dc=example', bindDn: 'cn=i', passwordEnv: LDAP_PASSWORD";
const ENV = { LDAP_PASSWORD: "quiet" };

test("left out, there is no directory, and the times are those of the contract", () => {
  expect(directory("")).toEqual({ sources: [], cache: DEFAULT_CACHE });
});

test("LDAP with nothing but what it needs", () => {
  const [source] = directory(`directory: { ldap: { ${LDAP} } }`).sources;
  expect(source).toEqual({
    kind: "ldap",
    name: "ldap",
    servers: [{ url: "ldaps://ldap.example", host: "ldap.example", port: 636, isTls: true }],
    startTls: false,
    bind: { dn: "cn=i", password: "quiet" },
    base: "dc=example",
    scope: "sub",
    realm: "isthmus",
    attributes: {
      username: "uid",
      sip: "sipAddress",
      aliases: "sipAlias",
      jid: "jid",
      md5: "sipDigestMd5",
      sha256: "sipDigestSha256",
      sha512: "sipDigestSha512",
      name: "displayName",
      givenName: "givenName",
      familyName: "sn",
      email: "mail",
      telephone: "telephoneNumber",
      organization: "o",
      unit: "ou",
      title: "title",
    },
    filters: { person: "(objectClass=person)" },
    limits: DEFAULT_LDAP_LIMITS,
  });
});

test("what is said is taken over: attributes, filters, times, the person to look up", () => {
  const { sources, cache, person } = directory(`
sip: { realm: verona }
directory:
  person: romeo
  cache: { lifetime: 1 h, absence: 10 s, entries: 5, size: 1 KiB, freshEvery: 1 min }
  ldap:
    servers: ["ldap://[::1]:3890", "ldap://localhost"]
    base: dc=example
    attributes: { sip: "{uid}@sip.example", jid: "", allowed: memberOf, allowedValue: "cn=phones", digestPrefix: "{realm}:" }
    filters: { username: "(|(uid={username})(mail={username}))" }
    limits: { query: 500 ms }
`);
  expect(cache).toEqual({
    lifetimeMs: 3_600_000,
    absenceMs: 10_000,
    maximumEntries: 5,
    maximumOctets: 1024,
    freshEveryMs: 60_000,
  });
  expect(person).toBe("romeo");
  const [source] = sources;
  expect(source).toMatchObject({
    servers: [
      { host: "::1", port: 3890, isTls: false },
      { host: "localhost", port: 389, isTls: false },
    ],
    realm: "verona",
    attributes: {
      sip: "{uid}@sip.example",
      allowed: { attribute: "memberOf", value: "cn=phones" },
      digestPrefix: "{realm}:",
    },
    filters: { username: "(|(uid={username})(mail={username}))" },
    limits: { queryMs: 500 },
  });
  expect(source).not.toHaveProperty("attributes.jid");
  expect(source).not.toHaveProperty("bind");
});

test.each<[string, string, string]>([
  ["a password without a name", "servers: ['ldaps://l'], base: b, password: p", "directory.ldap.bindDn"],
  ["a name without a password", "servers: ['ldaps://l'], base: b, bindDn: d", "directory.ldap"],
  [
    "two passwords",
    "servers: ['ldaps://l'], base: b, bindDn: d, password: p, passwordEnv: LDAP_PASSWORD",
    "directory.ldap",
  ],
  ["no base", "servers: ['ldaps://l']", "directory.ldap.base"],
  ["a base without servers", "base: b", "directory.ldap.servers"],
  ["another machine without TLS", "servers: ['ldap://192.0.2.1'], base: b", "directory.ldap.servers[0]"],
  ["a server that is none", "servers: ['http://l'], base: b", "directory.ldap.servers[0]"],
  ["a port that is none", "servers: ['ldap://l:99999'], base: b", "directory.ldap.servers[0]"],
  ["an authority that is not there", "servers: ['ldaps://l'], base: b, ca: none.pem", "directory.ldap.ca"],
  ["an authority that is none", "servers: ['ldaps://l'], base: b, ca: isthmus.yaml", "directory.ldap.ca"],
  ["an attribute that is none", "attributes: { sip: 'a b' }", "directory.ldap.attributes.sip"],
  ["a filter with an unknown place", "filters: { sip: '(uid={name})' }", "directory.ldap.filters.sip"],
  ["a filter that is left open", "filters: { person: '(&(uid=x)' }", "directory.ldap.filters.person"],
  ["two filters in one", "filters: { person: '(uid=x)(cn=y)' }", "directory.ldap.filters.person"],
])("%s is named by its key", (_, ldap, key) => {
  writeFileSync(join(folder, "isthmus.yaml"), "no certificate");
  expect(problems(`directory: { ldap: { ${ldap} } }`).map((one) => one.key)).toEqual([key]);
});

test("without TLS only over loopback, or where the operator says so", () => {
  const loads = (more: string) => problems(`directory: { ldap: { base: b, ${more} } }`).length === 0;
  expect(loads("servers: ['ldap://127.0.0.9', 'ldap://localhost']")).toBe(true);
  expect(loads("servers: ['ldap://ldap.example'], startTls: true")).toBe(true);
  expect(loads("servers: ['ldap://ldap.example'], allowPlain: true")).toBe(true);
  expect(loads("servers: ['ldap://127.0.0.1.example']")).toBe(false);
});

test("a password is in no message", () => {
  const found = problems("directory: { ldap: { servers: [], base: 7, bindDn: d, password: hush-hush } }");
  expect(found.length).toBeGreaterThan(0);
  expect(JSON.stringify(found)).not.toContain("hush-hush");
});

describe("the users file", () => {
  const MD5 = "0".repeat(32);
  const users = (text: string) => {
    writeFileSync(join(folder, "users.yaml"), text);
    return "sip: { users: users.yaml }";
  };

  test("is the first source, with all that it says of people", () => {
    const text = users(`
- username: romeo
  uri: sip:romeo@sip.example
  md5: "${MD5}"
  sha512: "${MD5}${MD5}"
  aliases: ["sip:r@sip.example", montague@xmpp.example, "tel:+39045"]
  jid: romeo@xmpp.example
  allowed: false
  name: Romeo
  card: { email: r@mail.example }
`);
    const { sources } = directory(`${text}\ndirectory: { ldap: { ${LDAP} } }`);
    expect(sources.map(({ kind, name }) => [kind, name])).toEqual([
      ["users", "users.yaml"],
      ["ldap", "ldap"],
    ]);
    expect(sources[0]).toMatchObject({
      people: [
        {
          username: "romeo",
          realm: "isthmus",
          uri: "sip:romeo@sip.example",
          ha1: { MD5, "SHA-512-256": MD5 + MD5 },
          aliases: ["sip:r@sip.example", "montague@xmpp.example", "tel:+39045"],
          jid: "romeo@xmpp.example",
          isAllowed: false,
          name: "Romeo",
          card: { email: "r@mail.example" },
        },
      ],
    });
  });

  test.each<[string, string]>([
    ["an alias that is another's address", `aliases: ["sip:NURSE@sip.example"]`],
    ["an alias that is another's alias", `aliases: ["sip:n@sip.example"]`],
    ["an alias that is another's JID in its other form", "aliases: [nurse@sip.example]"],
    ["a JID that is another's", "jid: n@xmpp.example"],
  ])("refuses %s", (_, more) => {
    const nurse = `- { username: nurse, uri: "sip:nurse@sip.example", md5: "${MD5}", aliases: ["sip:n@sip.example", n@xmpp.example] }`;
    const romeo = `- { username: romeo, uri: "sip:romeo@sip.example", md5: "${MD5}", ${more} }`;
    const [problem, ...others] = problems(users(`${nurse}\n${romeo}\n`));
    expect(problem).toMatchObject({ key: "sip.users", expected: expect.stringContaining("users.yaml:2") });
    expect(others).toEqual([]);
  });

  test("lets one person sign in under several names", () => {
    const one = (username: string) =>
      `- { username: ${username}, uri: "sip:nurse@sip.example", md5: "${MD5}" }\n`;
    expect(problems(users(one("nurse") + one("angelica")))).toEqual([]);
  });
});

function directory(text: string): DirectoryConfig {
  return configFrom(SMALL + text, join(folder, "isthmus.yaml"), ENV).directory;
}

function problems(text: string): readonly Problem[] {
  try {
    directory(text);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}
