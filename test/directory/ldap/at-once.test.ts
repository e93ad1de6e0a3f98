/** Several questions under way on one connection. RFC 4511 §3.1. */

import { DEFAULT_LDAP_LIMITS, type LdapLimits } from "../../../src/directory/ldap/options";
import { ldapOptions, makeDirectory } from "../../support/directory";
import { fixedClock } from "../../support/fixed-clock";
import {
  type FakeLdap,
  fakeLdap,
  type LdapHandler,
  type LdapRequest,
  onSearch,
  searchDone,
  searchEntry,
  wellBehaved,
} from "../../support/ldap-server";
import { eventually } from "../../support/processes";

const UNKNOWN = { kind: "unknown" };
const UNAVAILABLE = { kind: "unavailable", retryAfter: 10 };

function directoryOn(servers: readonly FakeLdap[], limits: Partial<LdapLimits> = {}) {
  const clock = fixedClock();
  const urls = servers.map(({ url }) => url);
  const bind = { dn: "cn=isthmus,dc=example,dc=org", password: "secret" };
  const options = ldapOptions(urls, { bind, limits: { ...DEFAULT_LDAP_LIMITS, ...limits } });
  return { clock, ...makeDirectory([options], { clock, cache: { lifetimeMs: 0, absenceMs: 0 } }) };
}

const sipOf = (name: string | number): string => `sip:${name}@sip.example`;
const nobody = wellBehaved([]);
const searchesOf = ({ requests }: FakeLdap) => requests.filter(({ operation }) => operation === "search");
const asksFor = ({ octets }: LdapRequest, name: string): boolean => octets.includes(name);

/** Keeps the questions that hold this text without an answer. */
function silentFor(name: string): LdapHandler {
  return onSearch((request, socket) => {
    if (!asksFor(request, name)) nobody(request, socket);
  });
}

/** One connection is open, and has answered. */
async function warmedUp(server: FakeLdap, limits?: Partial<LdapLimits>) {
  const rig = directoryOn([server], limits);
  expect(await rig.directory.bySip(sipOf("first"))).toEqual(UNKNOWN);
  return rig;
}

test("questions share a connection, and each gets its own answer, in whatever order they come", async () => {
  const held: (() => void)[] = [];
  const server = await fakeLdap({ handler: nobody });
  const { directory } = await warmedUp(server);
  server.handle(onSearch((request, socket) => void held.push(() => answerAs(request, socket))));
  const asked = Array.from({ length: 10 }, (_, index) => directory.bySip(sipOf(`user${index}`)));
  await eventually("questions", () => held.length === 10);
  for (const answer of held.reverse()) answer();
  expect(await Promise.all(asked)).toEqual(
    asked.map((_, index) => ({ kind: "found", value: expect.objectContaining({ id: `cn=user${index}` }) })),
  );
  expect(server.accepted).toBe(1);
});

function answerAs({ id, octets }: LdapRequest, socket: Parameters<LdapHandler>[1]): void {
  const [name = ""] = /user\d/.exec(octets.toString("latin1")) ?? [];
  const entry = {
    dn: `cn=${name}`,
    attributes: { uid: [name], sipAddress: [sipOf(name)], sipAllowed: ["TRUE"] },
  };
  socket.write(Buffer.concat([searchEntry(id, entry), searchDone(id, 0)]));
}

test("more than fit on one open another, and no more than the bounds allow are under way", async () => {
  const server = await fakeLdap({ handler: nobody });
  const { directory } = await warmedUp(server, { connections: 2, questions: 3 });
  const held: (() => void)[] = [];
  server.handle(onSearch((request, socket) => void held.push(() => nobody(request, socket))));
  const asked = Array.from({ length: 8 }, (_, index) => directory.bySip(sipOf(index)));
  await eventually("questions", () => held.length === 6);
  server.handle(nobody);
  for (const answer of held) answer();
  expect(await Promise.all(asked)).toEqual(asked.map(() => UNKNOWN));
  expect(server.accepted).toBe(2);
});

test("an answer that is too large is the end of its connection, and of nobody else's question", async () => {
  const server = await fakeLdap({ handler: nobody });
  const { directory, counters } = await warmedUp(server);
  server.handle(
    onSearch((request, socket) => {
      if (asksFor(request, "large"))
        socket.write(Buffer.concat([Buffer.from("3084", "hex"), large(request.id)]));
      else if (searchesOf(server).length > 5) nobody(request, socket);
    }),
  );
  const others = Array.from({ length: 3 }, (_, index) => directory.bySip(sipOf(index)));
  expect(await directory.bySip(sipOf("large"))).toEqual(UNAVAILABLE);
  expect(await Promise.all(others)).toEqual(others.map(() => UNKNOWN));
  expect(counters.get("directory.ldap.too-large")).toBe(1);
  expect(counters.get("directory.ldap.failures")).toBe(0);
});

/** Length and id of a message of 2 GB. */
function large(id: number): Buffer {
  return Buffer.concat([Buffer.from("7fffffff0204", "hex"), Buffer.from([0, 0, 0, id])]);
}

test("one question that gets no answer ends alone: those beside it are asked again", async () => {
  const server = await fakeLdap({ handler: nobody });
  const { directory, clock, counters } = await warmedUp(server);
  server.handle(silentFor("slow"));
  const slow = directory.bySip(sipOf("slow"));
  await eventually("question", () => searchesOf(server).length === 2);
  clock.advance(DEFAULT_LDAP_LIMITS.queryMs / 2);
  expect(await directory.bySip(sipOf("quick"))).toEqual(UNKNOWN); // a word from the server
  server.handle(silentFor("beside"));
  const beside = directory.bySip(sipOf("beside"));
  await eventually("question", () => searchesOf(server).length === 4);
  server.handle(nobody);
  clock.advance(DEFAULT_LDAP_LIMITS.queryMs / 2);
  expect(await slow).toEqual(UNAVAILABLE);
  expect(await beside).toEqual(UNKNOWN);
  expect(counters.get("directory.ldap.timeout")).toBe(0); // told as a server's failure
  expect(counters.get("directory.ldap.failures")).toBe(1);
});

test("from a server that hangs all go to the next one, those who asked last as well", async () => {
  const servers = [await fakeLdap({ handler: nobody }), await fakeLdap({ handler: nobody })] as const;
  const { directory, clock, log } = directoryOn(servers);
  await directory.bySip(sipOf("first"));
  servers[0].handle(silentFor(""));
  const early = directory.bySip(sipOf("early"));
  await eventually("question", () => searchesOf(servers[0]).length === 2);
  clock.advance(DEFAULT_LDAP_LIMITS.queryMs - 1);
  const late = directory.bySip(sipOf("late"));
  await eventually("question", () => searchesOf(servers[0]).length === 3);
  clock.advance(1);
  expect(await Promise.all([early, late])).toEqual([UNKNOWN, UNKNOWN]);
  expect(searchesOf(servers[1])).toHaveLength(2);
  expect(log.lines.map(({ event }) => event)).toContain("directory server away");
});

test("when a new connection shows that the server hangs, the questions on the old one go to the next server with it", async () => {
  const servers = [await fakeLdap({ handler: nobody }), await fakeLdap({ handler: nobody })] as const;
  const { directory, clock, log } = directoryOn(servers, { connectMs: 1_000 });
  await directory.bySip(sipOf("first"));
  servers[0].handle(() => undefined);
  const asked = Array.from({ length: 40 }, (_, index) => directory.bySip(sipOf(index)));
  await eventually("questions", () => searchesOf(servers[0]).length === 1 + DEFAULT_LDAP_LIMITS.questions);
  await eventually("connections", () => servers[0].accepted === DEFAULT_LDAP_LIMITS.connections);
  clock.advance(1_000);
  expect(await Promise.all(asked)).toEqual(asked.map(() => UNKNOWN));
  expect(log.lines.map(({ event }) => event)).toContain("directory server away");
});

test("a search in pages has its connection to itself", async () => {
  const server = await fakeLdap({ handler: nobody });
  const { directory } = await warmedUp(server);
  server.handle(silentFor("capulet"));
  const pages = directory.search("capulet", 10);
  await eventually("question", () => searchesOf(server).length === 2);
  expect(await directory.bySip(sipOf("beside"))).toEqual(UNKNOWN);
  expect(server.accepted).toBe(2);
  await directory.stop();
  expect(await pages).toEqual(UNAVAILABLE);
});
