import { join } from "node:path";
import type { LdapLimits, LdapOptions } from "../../../src/directory/ldap/options";
import { DEFAULT_LDAP_LIMITS } from "../../../src/directory/ldap/options";
import type { CacheOptions } from "../../../src/directory/options";
import { type Certificates, makeCertificates } from "../../support/certificates";
import { ldapOptions, makeDirectory } from "../../support/directory";
import { fixedClock } from "../../support/fixed-clock";
import {
  bindResponse,
  extendedResponse,
  type FakeEntry,
  type FakeLdap,
  fakeLdap,
  type LdapHandler,
  message,
  onSearch,
  searchDone,
  searchEntry,
  searchReference,
  text,
  tlv,
  wellBehaved,
} from "../../support/ldap-server";
import { sharedAddress } from "../../support/ports";
import { eventually, temporaryFolder } from "../../support/processes";

jest.setTimeout(30_000); // TLS and files of 5 MB, on a machine that is busy

const HASH = "0123456789abcdef0123456789abcdef";
const ROMEO: FakeEntry = {
  dn: "uid=romeo,ou=people,dc=example,dc=org",
  attributes: {
    uid: ["romeo"],
    SIPADDRESS: ["sip:romeo@sip.example"],
    sipAlias: ["montague@sip.example"],
    sipAllowed: ["TRUE"],
    sipDigestMd5: [`sip.example:${HASH}`],
  },
};
const PASSWORD = "the gateway's password";
const BIND = { dn: "cn=isthmus,dc=example,dc=org", password: PASSWORD };
const FOUND = expect.objectContaining({ kind: "found" });
const UNAVAILABLE = { kind: "unavailable", retryAfter: 10 };
const URI = "sip:romeo@sip.example";

interface More extends Partial<Omit<LdapOptions, "limits">> {
  readonly limits?: Partial<LdapLimits>;
  readonly cache?: Partial<CacheOptions>;
}

/** A directory on these servers, with a clock that stands. */
function directoryOn(servers: readonly FakeLdap[], { limits, cache = NO_MEMORY, ...more }: More = {}) {
  const clock = fixedClock();
  const options = ldapOptions(
    servers.map((server) => server.url),
    { bind: BIND, ...more, limits: { ...DEFAULT_LDAP_LIMITS, ...limits } },
  );
  return { clock, ...makeDirectory([options], { clock, cache }) };
}

const NO_MEMORY = { lifetimeMs: 0, absenceMs: 0 };
const searches = (server: FakeLdap) => server.requests.filter((one) => one.operation === "search");

describe("one server", () => {
  test("a person, whatever the spelling of the attribute types", async () => {
    const { directory } = directoryOn([await fakeLdap({ handler: wellBehaved([ROMEO]) })]);
    expect(await directory.secretOf("romeo", "sip.example")).toEqual({
      kind: "found",
      value: {
        username: "romeo",
        ha1: { MD5: HASH },
        person: {
          id: ROMEO.dn,
          sipUri: URI,
          jid: "romeo@sip.example",
          isAllowed: true,
        },
      },
    });
  });

  test("digests are asked for only by username, and not for another realm", async () => {
    const server = await fakeLdap({ handler: wellBehaved([ROMEO]) });
    const { directory } = directoryOn([server]);
    await directory.bySip(URI);
    expect(searches(server)[0]?.octets.toString("latin1")).not.toContain("sipDigestMd5");
    await directory.secretOf("romeo", "sip.example");
    expect(searches(server)[1]?.octets.toString("latin1")).toContain("sipDigestMd5");
    expect(directory.secretOf("romeo", "other.example")).toEqual({ kind: "unknown" });
    expect(searches(server)).toHaveLength(2);
  });

  test("connections are kept, bounded, and each is bound before it is used", async () => {
    const server = await fakeLdap({ handler: wellBehaved([]) });
    const { directory } = directoryOn([server], { limits: { connections: 3 } });
    const asked = Array.from({ length: 50 }, (_, index) => directory.bySip(`sip:user${index}@sip.example`));
    expect(new Set((await Promise.all(asked)).map((one) => one.kind))).toEqual(new Set(["unknown"]));
    await directory.bySip(URI);
    expect(server.accepted).toBe(3);
    expect(server.requests.filter((one) => one.operation === "bind")).toHaveLength(3);
    expect(searches(server)).toHaveLength(51);
  });

  test("more waiting questions than the bound are told to come again at once", async () => {
    const server = await fakeLdap({ handler: onSearch(() => undefined) });
    const { directory, clock } = directoryOn([server], {
      limits: { connections: 1, questions: 1, waiting: 2 },
    });
    const asked = [0, 1, 2].map((index) => directory.bySip(`sip:user${index}@sip.example`));
    expect(await directory.bySip("sip:user3@sip.example")).toEqual(UNAVAILABLE);
    for (const round of [1, 2]) {
      await eventually("question", () => searches(server).length === round);
      clock.advance(DEFAULT_LDAP_LIMITS.queryMs);
    }
    expect(await Promise.all(asked)).toEqual([UNAVAILABLE, UNAVAILABLE, UNAVAILABLE]);
  });

  test("many who ask for one person at once make one query", async () => {
    const server = await fakeLdap({ handler: wellBehaved([ROMEO]) });
    const { directory, counters } = directoryOn([server], { cache: {} });
    const asked = Array.from({ length: 20 }, () => directory.bySip("sip:Romeo@SIP.example;lr"));
    expect(await Promise.all(asked)).toEqual(Array.from({ length: 20 }, () => FOUND));
    expect(searches(server)).toHaveLength(1);
    expect(counters.get("directory.joined")).toBe(19);
    expect(directory.bySip(URI)).toEqual(FOUND); // at once
  });

  test("a restart that cuts idle connections is not noticed by who asks", async () => {
    const server = await fakeLdap({ handler: wellBehaved([ROMEO]) });
    const { directory, log } = directoryOn([server]);
    await directory.bySip(URI);
    await server.stop();
    await server.start();
    expect(await directory.bySip(URI)).toEqual(FOUND);
    expect(server.requests.map((one) => one.operation).filter((one) => one !== "unbind")).toEqual([
      "bind",
      "search",
      "bind",
      "search",
    ]);
    expect(log.lines).toEqual([]);
  });

  test("connections that nobody uses are closed", async () => {
    const server = await fakeLdap({ handler: wellBehaved([ROMEO]) });
    const { directory, clock } = directoryOn([server]);
    await directory.bySip(URI);
    expect(server.open).toBe(1);
    clock.advance(DEFAULT_LDAP_LIMITS.idleMs);
    await eventually("close", () => server.open === 0);
    expect(await directory.bySip(URI)).toEqual(FOUND);
  });

  test("stopping ends what is under way, and every connection", async () => {
    const server = await fakeLdap({ handler: onSearch(() => undefined) });
    const { directory } = directoryOn([server], { limits: { connections: 1 } });
    const asked = [directory.bySip(URI), directory.bySip("sip:juliet@sip.example")];
    await eventually("questions", () => searches(server).length === 2);
    await directory.stop();
    expect(await Promise.all(asked)).toEqual([UNAVAILABLE, UNAVAILABLE]);
    await eventually("close", () => server.open === 0);
    expect(await directory.bySip(URI)).toEqual(UNAVAILABLE);
  });
});

describe("answers that are no answer", () => {
  test("nobody", async () => {
    const { directory } = directoryOn([await fakeLdap()]);
    expect(await directory.bySip(URI)).toEqual({ kind: "unknown" });
  });

  test("two entries: nobody, with a warning that names them", async () => {
    const other = { ...ROMEO, dn: "uid=romeo,ou=guests,dc=example,dc=org" };
    const { directory, log } = directoryOn([await fakeLdap({ handler: wellBehaved([ROMEO, other]) })]);
    expect(await directory.bySip(URI)).toEqual({ kind: "unknown" });
    expect(await directory.secretOf("romeo", "sip.example")).toEqual({ kind: "unknown" });
    expect(log.lines[0]).toMatchObject({ level: "warn", fields: { ids: [ROMEO.dn, other.dn] } });
  });

  test("two entries and a size limit: still nobody", async () => {
    const handler = onSearch(({ id }, socket) => {
      socket.write(Buffer.concat([searchEntry(id, ROMEO), searchEntry(id, ROMEO), searchDone(id, 4)]));
    });
    const { directory } = directoryOn([await fakeLdap({ handler })]);
    expect(await directory.bySip(URI)).toEqual({ kind: "unknown" });
  });

  test("an entry that does not hold what was asked for, because LDAP compares loosely", async () => {
    const { directory, log } = directoryOn([await fakeLdap({ handler: wellBehaved([ROMEO]) })]);
    expect(await directory.bySip("sip:%EF%BD%92omeo@sip.example")).toEqual({ kind: "unknown" });
    expect(await directory.byJid("juliet@sip.example")).toEqual({ kind: "unknown" });
    expect(log.lines.map(({ fields }) => fields.id)).toEqual([ROMEO.dn, ROMEO.dn]);
  });

  test("a referral is not followed", async () => {
    const elsewhere = await fakeLdap({ handler: wellBehaved([ROMEO]) });
    const handler = onSearch(({ id }, socket) => socket.write(searchDone(id, 10, [elsewhere.url])));
    const { directory, log } = directoryOn([await fakeLdap({ handler })]);
    expect(await directory.bySip(URI)).toEqual(UNAVAILABLE);
    expect(log.lines[0]).toMatchObject({ fields: { reason: "referral" } });
    expect(elsewhere.accepted).toBe(0);
  });

  test("references beside the answer are passed over, as Active Directory sends them", async () => {
    const elsewhere = await fakeLdap({ handler: wellBehaved([ROMEO]) });
    let entries: readonly FakeEntry[] = [];
    const handler = onSearch(({ id }, socket) => {
      const found = entries.map((entry) => searchEntry(id, entry));
      socket.write(Buffer.concat([searchReference(id, elsewhere.url), ...found, searchDone(id, 0)]));
    });
    const { directory } = directoryOn([await fakeLdap({ handler })]);
    expect(await directory.bySip(URI)).toEqual({ kind: "unknown" });
    entries = [ROMEO];
    expect(await directory.bySip(URI)).toEqual(FOUND);
    expect(elsewhere.accepted).toBe(0);
  });

  test.each([
    ["no such base", 32, "no-base"],
    ["not allowed", 50, "denied"],
    ["bind first, says Active Directory", 1, "denied"],
    ["too slow for the server", 3, "limit"],
    ["another result", 80, "result"],
  ])("%s is neither yes nor no, and the server goes on", async (_, code, reason) => {
    const server = await fakeLdap({
      handler: onSearch(({ id }, socket) => socket.write(searchDone(id, code))),
    });
    const { directory, log } = directoryOn([server]);
    expect(await directory.bySip(URI)).toEqual(UNAVAILABLE);
    expect(log.lines[0]).toMatchObject({ fields: { reason } });
    server.handle(wellBehaved([ROMEO]));
    expect(await directory.bySip(URI)).toEqual(FOUND);
  });

  const big = Buffer.alloc(5 * 1024 ** 2, "x");
  test.each<[string, (id: number) => Buffer]>([
    [
      "one entry of 5 MB",
      (id) => searchEntry(id, { ...ROMEO, attributes: { ...ROMEO.attributes, jpegPhoto: [big] } }),
    ],
    ["5 MB of entries", (id) => Buffer.concat(Array<Buffer>(25_000).fill(searchEntry(id, ROMEO)))],
    ["a length of 2 GB", () => Buffer.from("30847fffffff020102", "hex")],
  ])("%s is not read to its end, and others are served", async (_, answer) => {
    const server = await fakeLdap({
      handler: onSearch(({ id, octets }, socket) => {
        if (octets.includes("juliet"))
          wellBehaved([])({ id, octets, operation: "search", base: "", isBase: false }, socket);
        else socket.write(answer(id));
      }),
    });
    const { directory, counters } = directoryOn([server]);
    const asked = [directory.bySip(URI), directory.bySip("sip:juliet@sip.example")];
    expect(await Promise.all(asked)).toEqual([UNAVAILABLE, { kind: "unknown" }]);
    expect(await directory.bySip("sip:juliet@sip.example")).toEqual({ kind: "unknown" });
    expect(counters.get("directory.ldap.too-large")).toBe(1);
  });

  test.each<[string, (id: number) => Buffer]>([
    ["another protocol", () => Buffer.from("SSH-2.0-OpenSSH_9.2\r\n")],
    ["an indefinite length", () => Buffer.from("3080020101", "hex")],
    [
      "a set that is longer than its entry",
      (id) =>
        message(id, tlv(0x64, text("dn"), tlv(0x30, tlv(0x30, text("uid"), Buffer.from("317f", "hex"))))),
    ],
    [
      "an attribute that is no sequence",
      (id) => message(id, tlv(0x64, text("dn"), tlv(0x30, tlv(0x04, text(""), Buffer.from("317f", "hex"))))),
    ],
    [
      "a control with something left over",
      (id) =>
        message(
          id,
          tlv(0x65, tlv(0x0a, Buffer.from([0])), text(""), text("")),
          tlv(0xa0, tlv(0x30, text("1.2"), Buffer.from("3084", "hex"))),
        ),
    ],
    ["an operation that is no answer", (id) => message(id, tlv(0x63, text("")))],
  ])("%s ends the connection and not the gateway", async (_, answer) => {
    const server = await fakeLdap({ handler: onSearch(({ id }, socket) => socket.write(answer(id))) });
    const { directory, log } = directoryOn([server]);
    expect(await directory.bySip(URI)).toEqual(UNAVAILABLE);
    expect(log.lines[0]).toMatchObject({ event: "directory server away", fields: { reason: "not-ldap" } });
    await eventually("close", () => server.open === 0);
  });

  test("an answer that comes octet by octet is read", async () => {
    const handler = onSearch(({ id }, socket) => {
      for (const octet of Buffer.concat([searchEntry(id, ROMEO), searchDone(id, 0)])) {
        socket.write(Buffer.from([octet]));
      }
    });
    const { directory } = directoryOn([await fakeLdap({ handler })]);
    expect(await directory.bySip(URI)).toEqual(FOUND);
  });
});

describe("servers that are away", () => {
  test("nobody listens: told at once, and again without asking, until a retry", async () => {
    const server = await fakeLdap({ handler: wellBehaved([ROMEO]) });
    await server.stop();
    const { directory, log, clock } = directoryOn([server]);
    expect(await directory.bySip(URI)).toEqual(UNAVAILABLE);
    expect(await directory.bySip(URI)).toEqual(UNAVAILABLE);
    expect(log.lines).toEqual([
      expect.objectContaining({
        level: "warn",
        event: "directory server away",
        fields: expect.objectContaining({ reason: "refused" }),
      }),
    ]);
    await server.start();
    clock.advance(DEFAULT_LDAP_LIMITS.retryMs);
    await eventually("return", () => log.lines.some(({ event }) => event === "directory server back"));
    expect(await directory.bySip(URI)).toEqual(FOUND);
    expect(server.accepted).toBe(1); // the one that tried is used on
  });

  test("a name that has no address", async () => {
    const { directory, log } = makeDirectory([
      {
        ...ldapOptions([]),
        servers: [{ url: "ldap://ldap.invalid", host: "ldap.invalid", port: 389, isTls: false }],
      },
    ]);
    expect(await directory.bySip(URI)).toEqual(UNAVAILABLE);
    expect(log.lines[0]).toMatchObject({ fields: { reason: "name-not-found" } });
  });

  test("hanging after bind: given up in time, and after two in a row nobody waits any more", async () => {
    const server = await fakeLdap({ handler: onSearch(() => undefined) });
    const { directory, log, clock } = directoryOn([server]);
    for (const round of [1, 2]) {
      const asked = directory.bySip(URI);
      await eventually("question", () => searches(server).length === round);
      clock.advance(DEFAULT_LDAP_LIMITS.queryMs);
      expect(await asked).toEqual(UNAVAILABLE);
    }
    expect(await directory.bySip(URI)).toEqual(UNAVAILABLE);
    expect(searches(server)).toHaveLength(2);
    expect(log.lines).toEqual([expect.objectContaining({ event: "directory server away" })]);
  });

  test("hanging before bind, and hanging still when it is tried again", async () => {
    const server = await fakeLdap({ handler: () => undefined });
    const { directory, log, clock } = directoryOn([server]);
    const asked = directory.bySip(URI);
    await eventually("bind", () => server.requests.length === 1);
    clock.advance(DEFAULT_LDAP_LIMITS.connectMs);
    expect(await asked).toEqual(UNAVAILABLE);
    clock.advance(DEFAULT_LDAP_LIMITS.retryMs);
    await eventually("bind", () => server.requests.length === 2);
    clock.advance(DEFAULT_LDAP_LIMITS.connectMs);
    await eventually("giving up", () =>
      log.lines.some(({ event }) => event === "directory server still away"),
    );
    server.handle(wellBehaved([ROMEO]));
    clock.advance(DEFAULT_LDAP_LIMITS.retryMs);
    await eventually("return", () => log.lines.some(({ event }) => event === "directory server back"));
    expect(await directory.bySip(URI)).toEqual(FOUND);
  });

  test("one that trickles for ever is cut off at the time limit", async () => {
    const server = await fakeLdap({
      handler: onSearch(({ id }, socket) => socket.write(searchEntry(id, ROMEO))),
    });
    const { directory, clock } = directoryOn([server]);
    const asked = directory.bySip(URI);
    await eventually("question", () => searches(server).length === 1);
    clock.advance(DEFAULT_LDAP_LIMITS.queryMs);
    expect(await asked).toEqual(UNAVAILABLE);
    await eventually("close", () => server.open === 0);
  });

  test("an answer of bind that refuses", async () => {
    const handler = wellBehaved([]);
    const server = await fakeLdap({
      handler: (request, socket) =>
        request.operation === "bind" ? socket.write(bindResponse(request.id, 49)) : handler(request, socket),
    });
    const { directory, log } = directoryOn([server]);
    expect(await directory.bySip(URI)).toEqual(UNAVAILABLE);
    expect(log.lines[0]).toMatchObject({ fields: { reason: "bind", detail: "InvalidCredentials (49)" } });
  });

  test("a wrong configuration of bind does not search unbound on a connection that broke", async () => {
    const server = await fakeLdap({
      handler: (request, socket) => (request.operation === "bind" ? socket.destroy() : undefined),
    });
    const { directory } = directoryOn([server]);
    expect(await directory.bySip(URI)).toEqual(UNAVAILABLE);
    expect(searches(server)).toEqual([]);
  });
});

describe("failover and return", () => {
  test.each<[string, (server: FakeLdap) => unknown]>([
    ["refuses connections", (server) => server.stop()],
    ["closes them", (server) => server.handle((_, socket) => socket.destroy())],
    ["says busy", (server) => server.handle(onSearch(({ id }, socket) => socket.write(searchDone(id, 51))))],
    [
      "says unavailable",
      (server) => server.handle(onSearch(({ id }, socket) => socket.write(searchDone(id, 52)))),
    ],
    [
      "ends in the middle of an answer",
      (server) => server.handle(onSearch(({ id }, socket) => socket.end(searchEntry(id, ROMEO)))),
    ],
    [
      "speaks another protocol",
      (server) => server.handle((_, socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n")),
    ],
  ])(
    "the second server answers when the first %s, and the first again when it is back",
    async (_, breakIt) => {
      const servers = [
        await fakeLdap({ handler: wellBehaved([ROMEO]) }),
        await fakeLdap({ handler: wellBehaved([ROMEO]) }),
      ] as const;
      const { directory, log, clock, counters } = directoryOn(servers);
      expect(await directory.bySip(URI)).toEqual(FOUND);
      expect(searches(servers[1])).toHaveLength(0);
      await breakIt(servers[0]);
      for (let round = 0; round < 3; round++) expect(await directory.bySip(URI)).toEqual(FOUND);
      expect(searches(servers[1])).toHaveLength(3);
      await servers[0].stop();
      servers[0].handle(wellBehaved([ROMEO]));
      await servers[0].start();
      clock.advance(DEFAULT_LDAP_LIMITS.retryMs);
      await eventually("return", () => log.lines.some(({ event }) => event === "directory server back"));
      expect(await directory.bySip(URI)).toEqual(FOUND);
      expect(log.lines.map(({ event, fields }) => [event, fields.server])).toEqual([
        ["directory server away", servers[0].url],
        ["directory failed over to server", servers[1].url],
        ["directory server back", servers[0].url],
        ["directory returned to server", servers[0].url],
      ]);
      expect(counters.get("directory.ldap.failovers")).toBe(1);
      expect(counters.get("directory.ldap.returns")).toBe(1);
    },
  );

  test("who was waiting for a server that hangs is answered by the next one", async () => {
    const servers = [
      await fakeLdap({ handler: onSearch(() => undefined) }),
      await fakeLdap({ handler: wellBehaved([]) }),
    ] as const;
    const { directory, clock } = directoryOn(servers, { limits: { connections: 2, questions: 2 } });
    const asked = Array.from({ length: 10 }, (_, index) => directory.bySip(`sip:user${index}@sip.example`));
    await eventually("questions", () => searches(servers[0]).length === 4);
    clock.advance(DEFAULT_LDAP_LIMITS.queryMs);
    expect(await Promise.all(asked)).toEqual(asked.map(() => ({ kind: "unknown" })));
  });
});

describe("TLS", () => {
  type Name = "right" | "other" | "expired" | "unknown";
  let certificates: Certificates<Name>;
  beforeAll(async () => {
    const ips = [await sharedAddress()];
    certificates = makeCertificates(join(temporaryFolder("ldap-tls"), "tls"), {
      right: { ips },
      other: { ips: ["192.0.2.1"] },
      expired: { ips, expired: true },
      unknown: { ips, selfSigned: true },
    });
  });
  const handler = wellBehaved([ROMEO]);

  test("ldaps: with a certificate of our authority and this name", async () => {
    const server = await fakeLdap({ tls: certificates.of.right, handler });
    const { directory } = directoryOn([server], { ca: certificates.ca });
    expect(await directory.bySip(URI)).toEqual(FOUND);
  });

  test("StartTLS with such a certificate; nothing but the request for it goes in clear", async () => {
    const server = await fakeLdap({ startTls: certificates.of.right, handler });
    const { directory } = directoryOn([server], { ca: certificates.ca, startTls: true });
    expect(await directory.bySip(URI)).toEqual(FOUND);
    expect(server.requests.map((one) => one.operation)).toEqual(["extended", "bind", "search"]);
  });

  describe.each(["tls", "startTls"] as const)("%s", (way) => {
    test.each<[Name, string, string]>([
      ["other", "for another name", "ERR_TLS_CERT_ALTNAME_INVALID"],
      ["expired", "that has run out", "CERT_HAS_EXPIRED"],
      ["unknown", "of nobody that we know", "DEPTH_ZERO_SELF_SIGNED_CERT"],
    ])("a certificate %s (%s): no password is sent, the log says why", async (name, _, detail) => {
      const server = await fakeLdap({ [way]: certificates.of[name], handler });
      const { directory, log } = directoryOn([server], { ca: certificates.ca, startTls: way === "startTls" });
      expect(await directory.bySip(URI)).toEqual(UNAVAILABLE);
      expect(log.lines[0]).toMatchObject({ fields: { reason: "certificate", detail } });
      expect(server.requests.some((one) => one.operation === "bind")).toBe(false);
    });
  });

  test("a certificate of an authority of the world is none of ours when one is configured", async () => {
    const server = await fakeLdap({ tls: certificates.of.right, handler });
    const { directory, log } = directoryOn([server], { ca: certificates.of.unknown.certificate });
    expect(await directory.bySip(URI)).toEqual(UNAVAILABLE);
    expect(log.lines[0]).toMatchObject({ fields: { reason: "certificate" } });
  });

  test.each<[string, LdapHandler]>([
    ["that refuses", ({ id }, socket) => socket.write(extendedResponse(id, 2))],
    [
      "that says more than yes before TLS begins",
      ({ id }, socket) => socket.write(Buffer.concat([extendedResponse(id, 0), searchDone(2, 0)])),
    ],
    ["that closes", (_, socket) => socket.end()],
    ["that speaks another protocol", (_, socket) => socket.write("220 smtp.example ESMTP Postfix\r\n")],
  ])("a server %s gets no password under StartTLS", async (_, refuse) => {
    const server = await fakeLdap({ handler: refuse });
    const { directory } = directoryOn([server], { startTls: true });
    expect(await directory.bySip(URI)).toEqual(UNAVAILABLE);
    expect(server.requests.some((one) => one.operation === "bind")).toBe(false);
  });

  test("a server that is silent about StartTLS, or in the handshake, is given up in time", async () => {
    for (const startTls of [true, false]) {
      const server = await fakeLdap({ handler: () => undefined });
      const urls = startTls ? server : { ...server, url: server.url.replace("ldap:", "ldaps:") };
      const { directory, clock } = directoryOn([urls], { startTls });
      const asked = directory.bySip(URI);
      await eventually("connection", () => server.accepted === 1);
      clock.advance(DEFAULT_LDAP_LIMITS.connectMs);
      expect(await asked).toEqual(UNAVAILABLE);
      await eventually("close", () => server.open === 0);
    }
  });
});

describe("memory", () => {
  test("while LDAP is away, what is remembered goes on to its time, everyone else is told to come again", async () => {
    const server = await fakeLdap({ handler: wellBehaved([ROMEO]) });
    const { directory, clock } = directoryOn([server], {
      cache: { lifetimeMs: 60_000, freshEveryMs: 1_000 },
    });
    await directory.secretOf("romeo", "sip.example");
    await server.stop();
    clock.advance(30_000);
    expect(directory.secretOf("romeo", "sip.example")).toEqual(FOUND);
    expect(await directory.secretOf("romeo", "sip.example", true)).toEqual(FOUND);
    expect(await directory.secretOf("juliet", "sip.example")).toEqual(UNAVAILABLE);
    clock.advance(30_000);
    expect(await directory.secretOf("romeo", "sip.example")).toEqual(UNAVAILABLE);
  });

  test("a wrong digest asks once more, and a password that was changed is there", async () => {
    const server = await fakeLdap({ handler: wellBehaved([ROMEO]) });
    const { directory, clock } = directoryOn([server], { cache: {} });
    await directory.secretOf("romeo", "sip.example");
    const changed = {
      ...ROMEO,
      attributes: { ...ROMEO.attributes, sipDigestMd5: [`sip.example:${"f".repeat(32)}`] },
    };
    server.handle(wellBehaved([changed]));
    clock.advance(5_000);
    expect(directory.secretOf("romeo", "sip.example")).toMatchObject({ value: { ha1: { MD5: HASH } } });
    const fresh = { value: { ha1: { MD5: "f".repeat(32) } } };
    expect(await directory.secretOf("romeo", "sip.example", true)).toMatchObject(fresh);
    expect(directory.secretOf("romeo", "sip.example")).toMatchObject(fresh);
  });

  test("10,000 guesses at one password make few queries", async () => {
    const server = await fakeLdap({ handler: wellBehaved([ROMEO]) });
    const { directory, clock } = directoryOn([server], { cache: {} });
    for (let guess = 0; guess < 10_000; guess++) {
      await directory.secretOf("romeo", "sip.example", true);
      clock.advance(1);
    }
    expect(searches(server)).toHaveLength(2); // in ten seconds, one every five
  });

  test("guesses at somebody who does not exist make few queries, too", async () => {
    const server = await fakeLdap();
    const { directory } = directoryOn([server], { cache: {} });
    for (let guess = 0; guess < 1_000; guess++) {
      expect(await directory.secretOf("nobody", "sip.example", true)).toEqual({ kind: "unknown" });
    }
    expect(searches(server)).toHaveLength(1);
  });
});

describe("secrets", () => {
  test("stand in no line of the log, whatever goes wrong", async () => {
    const server = await fakeLdap({ handler: wellBehaved([ROMEO]) });
    const { directory, log, clock, counters } = directoryOn([server]);
    const wrongs: LdapHandler[] = [
      wellBehaved([ROMEO]),
      wellBehaved([ROMEO, ROMEO]),
      wellBehaved([{ dn: ROMEO.dn, attributes: { sipDigestMd5: [`sip.example:${HASH}`] } }]),
      onSearch(({ id }, socket) => socket.write(searchDone(id, 50))),
      onSearch(({ id }, socket) => socket.end(searchEntry(id, ROMEO))),
      ({ octets }, socket) => socket.write(octets), // says back what it was told, the password among it
    ];
    for (const wrong of wrongs) {
      server.handle(wrong);
      const retried = log.lines.length;
      await directory.secretOf("romeo", "sip.example");
      await directory.bySip(URI);
      clock.advance(DEFAULT_LDAP_LIMITS.retryMs);
      await eventually("answers", () => log.lines.length >= retried);
    }
    const said = JSON.stringify([log.lines, counters.all()]);
    expect(log.lines.length).toBeGreaterThan(5);
    for (const secret of [PASSWORD, HASH]) expect(said).not.toContain(secret);
  });
});
