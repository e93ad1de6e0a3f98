import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type FakeEntry, fakeLdap, onSearch, searchDone, wellBehaved } from "../support/ldap-server";
import { configFile } from "./config-file";
import { isthmus } from "./terminal";

const HASH = "0123456789abcdef0123456789abcdef";
const PASSWORD = "the gateway's own";
const ROMEO: FakeEntry = {
  dn: "uid=romeo,ou=people,dc=example,dc=org",
  attributes: {
    uid: ["romeo"],
    sipAddress: ["sip:romeo@phones.example"],
    sipDigestMd5: [HASH],
    displayName: ["Romeo \u001b[31mMontague"],
    mail: ["romeo@mail.example"],
    jpegPhoto: [Buffer.from("ffd8ffe000", "hex")],
  },
};

const ldap = (url: string, more: object = {}) => ({
  directory: {
    ldap: {
      servers: [url],
      base: "ou=people,dc=example,dc=org",
      bindDn: "cn=isthmus,dc=example,dc=org",
      password: PASSWORD,
      attributes: { photo: "jpegPhoto" },
      ...more,
    },
  },
});

/** A configuration with a users file beside it. */
function withUsers(users: string): string {
  const file = configFile({
    sip: { listen: ["udp:127.0.0.1:0"], users: "users.yaml", peers: [{ name: "kamailio" }] },
  });
  writeFileSync(join(dirname(file), "users.yaml"), users);
  return file;
}

test("who somebody is, and who said so, in words", async () => {
  const server = await fakeLdap({ handler: wellBehaved([ROMEO]) });
  const config = configFile(ldap(server.url));
  const call = await isthmus(["who", "sip:romeo@phones.example", "--config", config]);
  expect(call).toEqual({
    code: 0,
    out: `person        uid=romeo,ou=people,dc=example,dc=org
from          ldap, ${server.url}
SIP           sip:romeo@phones.example
JID           romeo@sip.example
allowed       yes
name          Romeo �[31mMontague
email         romeo@mail.example
photo         image/jpeg, 5 B
`,
    error: "",
  });
});

test("of a username's digests the algorithms alone, never the digests; the same as JSON", async () => {
  const server = await fakeLdap({ handler: wellBehaved([ROMEO]) });
  const config = configFile(ldap(server.url));
  const said = await isthmus(["who", "romeo", "--config", config]);
  expect(said.out).toContain("digests       MD5\n");
  const call = await isthmus(["who", "romeo", "--json", "--config", config]);
  expect(JSON.parse(call.out)).toEqual({
    input: "romeo",
    askedAs: "username",
    answer: "found",
    source: "ldap",
    server: server.url,
    digests: ["MD5"],
    person: {
      id: ROMEO.dn,
      sipUri: "sip:romeo@phones.example",
      jid: "romeo@sip.example",
      isAllowed: true,
      name: "Romeo \u001b[31mMontague",
      card: { email: "romeo@mail.example", photo: { type: "image/jpeg", octets: 5 } },
    },
    complaints: [],
  });
  for (const secret of [HASH, PASSWORD])
    expect(said.out + call.out + said.error + call.error).not.toContain(secret);
});

test("nobody, two of them, and a directory that cannot say are told apart", async () => {
  const server = await fakeLdap();
  const config = configFile(ldap(server.url));
  expect(await isthmus(["who", "juliet", "--config", config])).toEqual({
    code: 1,
    out: "",
    error: "juliet is unknown.\n",
  });
  server.handle(wellBehaved([ROMEO, { ...ROMEO, dn: "uid=other" }]));
  const two = await isthmus(["who", "romeo", "--config", config]);
  expect(two).toMatchObject({ code: 1, error: expect.stringContaining("two entries") });
  expect(two.error).toContain("uid=other");
  server.handle(onSearch(({ id }, socket) => socket.write(searchDone(id, 50))));
  const away = await isthmus(["who", "romeo", "--json", "--config", config]);
  expect(away.code).toBe(1);
  expect(JSON.parse(away.out)).toMatchObject({
    answer: "unavailable",
    complaints: [{ event: "directory gave no answer", fields: { reason: "denied" } }],
  });
});

test("the users file is asked first, by address, JID or username", async () => {
  const config = withUsers(
    `- { username: nurse, realm: r, uri: "sip:nurse@phones.example", md5: "${HASH}", aliases: ["sip:n@phones.example"] }`,
  );
  for (const who of ["nurse@phones.example", "sip:N@phones.example", "nurse@sip.example"]) {
    const { code, out } = await isthmus(["who", who, "--json", "--config", config]);
    expect([code, JSON.parse(out)]).toMatchObject([0, { source: "users.yaml", person: { id: "nurse" } }]);
  }
  expect((await isthmus(["who", "nurse", "--config", config])).code).toBe(1);
  expect((await isthmus(["who", "nurse", "--realm", "r", "--config", config])).out).toContain(
    "digests       MD5\n",
  );
});

test("without a directory it says so", async () => {
  const { code, error } = await isthmus(["who", "romeo", "--config", configFile()]);
  expect([code, error]).toEqual([1, "There is no directory: see sip.users and directory.ldap.\n"]);
});

test.each([[[]], [["a", "b"]]])("who %j is a wrong call", async (args) => {
  expect((await isthmus(["who", ...args, "--config", configFile()])).code).toBe(2);
});

test("who without a configuration is a wrong call", async () => {
  expect((await isthmus(["who", "romeo"])).code).toBe(2);
});
