import { directoryProbes } from "../../src/cli/probe-directory";
import { loadConfig } from "../../src/config/load";
import {
  bindResponse,
  type FakeEntry,
  fakeLdap,
  type LdapHandler,
  onSearch,
  searchDone,
  wellBehaved,
} from "../support/ldap-server";
import { configFile } from "./config-file";

const PASSWORD = "the gateway's own";
const ROMEO: FakeEntry = {
  dn: "uid=romeo,ou=people,dc=example,dc=org",
  attributes: { uid: ["romeo"], sipAddress: ["sip:romeo@phones.example"] },
};

/** What `isthmus check` says of a directory with these servers. */
async function probed(urls: readonly string[], more: { person?: string; ldap?: object } = {}) {
  const ldap = {
    servers: urls,
    base: "ou=people,dc=example,dc=org",
    bindDn: "cn=isthmus,dc=example,dc=org",
    password: PASSWORD,
  };
  const config = loadConfig(configFile({ directory: { ldap: { ...ldap, ...more.ldap } } }), {});
  const results = [];
  for (const probe of directoryProbes(config, more.person))
    results.push({ name: probe.name, ...(await probe.run()) });
  expect(JSON.stringify(results)).not.toContain(PASSWORD);
  return results;
}

test("each server by itself, then a person", async () => {
  const good = await fakeLdap({ handler: wellBehaved([ROMEO]) });
  const gone = await fakeLdap();
  await gone.stop();
  const results = await probed([gone.url, good.url], { person: "sip:romeo@phones.example" });
  expect(results).toEqual([
    {
      name: `directory ldap at ${gone.url}`,
      ok: false,
      detail: "refused",
      advice: expect.stringContaining("firewall"),
    },
    {
      name: `directory ldap at ${good.url}`,
      ok: true,
      detail: "bound as cn=isthmus,dc=example,dc=org, read ou=people,dc=example,dc=org, no TLS",
    },
    {
      name: "directory: who is sip:romeo@phones.example",
      ok: true,
      detail: `${ROMEO.dn} in ldap: sip:romeo@phones.example, romeo@sip.example`,
    },
  ]);
});

test.each<[string, LdapHandler, RegExp, RegExp]>([
  [
    "a wrong password",
    ({ id, operation }, socket) => operation === "bind" && socket.write(bindResponse(id, 49)),
    /bind: InvalidCredentials/,
    /password/,
  ],
  [
    "a base that is not there",
    (request, socket) => {
      if (request.operation === "bind") socket.write(bindResponse(request.id, 0));
      else socket.write(searchDone(request.id, 32));
    },
    /no-base/,
    /directory\.ldap\.base/,
  ],
  [
    "a base that is hidden",
    (request, socket) => {
      if (request.operation === "bind") socket.write(bindResponse(request.id, 0));
      else socket.write(searchDone(request.id, 0));
    },
    /no-base/,
    /may not see/,
  ],
  ["another protocol", (_, socket) => socket.write("SSH-2.0-x\r\n"), /not-ldap/, /port/],
])("%s is named, with what to do", async (_, handler, detail, advice) => {
  const server = await fakeLdap({ handler });
  const [result] = await probed([server.url]);
  expect(result).toMatchObject({
    ok: false,
    detail: expect.stringMatching(detail),
    advice: expect.stringMatching(advice),
  });
});

test("a server that hangs is given up in time", async () => {
  const server = await fakeLdap({ handler: () => undefined });
  const [result] = await probed([server.url], { ldap: { limits: { connect: "50 ms" } } });
  expect(result).toMatchObject({
    ok: false,
    detail: "timeout: bind",
    advice: expect.stringContaining("hangs"),
  });
});

test("a person who is unknown, whose digest cannot be read, or of whom nothing can be said", async () => {
  const server = await fakeLdap({ handler: wellBehaved([ROMEO]) });
  const detailOf = async (person: string) => (await probed([server.url], { person }))[1];
  expect(await detailOf("sip:juliet@phones.example")).toMatchObject({ ok: false, detail: "unknown" });
  expect(await detailOf("romeo")).toMatchObject({
    ok: false,
    detail: expect.stringContaining("no digest can be read"),
  });
  server.handle(onSearch(({ id }, socket) => socket.write(searchDone(id, 50))));
  expect(await detailOf("romeo")).toMatchObject({ ok: false, detail: "the directory cannot say now" });
});

test("no directory, no probes", () => {
  expect(directoryProbes(loadConfig(configFile(), {}))).toEqual([]);
});
