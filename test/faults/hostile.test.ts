/**
 * One user among a thousand is hostile: nobody else notices (bug 6). A scanner's ten thousand datagrams leave nothing behind (bug 19).
 * @jest-environment ./test/support/environment.ts
 */

import { capturedMessages } from "../sip/message/captured-messages";
import { needs } from "../support/requires";
import { Attacker } from "./support/attacker";
import { type Hostile, hostileRequests } from "./support/hostile";
import { groupBy } from "./support/person";
import { type Rig, startRig } from "./support/rig";
import { atRate } from "./support/sip-traffic";
import { countOf, Table } from "./support/table";

jest.setTimeout(120_000);

/** Transactions are forgotten after 64 · T1 = 3.2 s then, so that memory shows what stays. */
const SHORT = { timers: { t1: "50 ms", t2: "400 ms" }, proofDeadline: "1500 ms" };
const MIB = 1024 * 1024;
/** What a heap may wander between rounds; a leak of one input in every round would show many times that. */
const WANDER = 48 * MIB;

const table = new Table("Hostile input", [
  "what",
  "sent",
  "lost by others",
  "links fallen",
  "answers",
  "memory MiB after each round",
]);

let rig: Rig | undefined;
let attacker: Attacker | undefined;

afterEach(async () => {
  attacker?.close();
  await rig?.stop();
  rig = undefined;
});

needs(["prosody", "python3-slixmpp"], "hostile input", () => {
  test("1,000 users at once, one of them hostile: nobody else loses a message (bug 6)", async () => {
    const people = ["juliet", "nurse", "tybalt", "paris", "mercutio"];
    const running = await startRig({ ...SHORT, people, sipLimits: { messageSize: "2 MiB" } });
    rig = running;
    const { phone, sip, gateway } = running;
    attacker = await Attacker.open(phone.address, sip);
    const memory: number[] = [];
    const refused: number[] = [];
    let evil = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const datagrams = hostileRequests(round, "UDP", attacker.via).filter(
        ({ bytes }) => bytes.length < LARGEST_DATAGRAM,
      );
      const streams = hostileRequests(round, "TCP", attacker.via);
      const attacking = attack(attacker, datagrams, streams);
      evil += datagrams.length + streams.length;
      const deep = running.juliet.message({ to: "romeo@sip.test", body: "deep", extra: DEEP });
      const outcomes = await atRate(400, USERS, (index) => {
        const to = `sip:${people[index % people.length]}@xmpp.test`;
        return phone.send(
          { to, from: `sip:user${index}@sip.test`, body: `round ${round} user ${index}` },
          sip,
        );
      });
      refused.push(...outcomes.map(({ status }) => status).filter((status) => status !== 202));
      await attacking;
      const answer = running.juliet.errors().get(deep);
      expect(answer?.map(({ error }) => error?.condition)).toEqual(["policy-violation"]);
      memory.push(((await gateway.health())?.memory ?? 0) / MIB);
    }
    await Promise.all(running.people.map((person) => person.settle()));
    const texts = running.people
      .flatMap((person) => person.texts())
      .filter(({ body }) => body?.startsWith("round "));
    const copies = groupBy(texts, ({ body }) => body ?? "");
    const lost = USERS * ROUNDS - copies.size;
    const fallen = await gateway.counter("xmpp.link.down");
    table.row([
      "1,000 users, one hostile",
      `${USERS * ROUNDS} + ${evil} hostile`,
      lost,
      fallen,
      countOf(attacker.statuses),
      series(memory),
    ]);
    expect(refused).toHaveLength(0);
    expect(lost).toBe(0);
    expect(texts).toHaveLength(USERS * ROUNDS);
    expect(fallen).toBe(0);
    expect(attacker.statuses.filter((status) => status === 500)).toHaveLength(0);
    expect(growth(memory)).toBeLessThan(WANDER / MIB);
  });

  test("10,000 malformed datagrams get a 4xx or silence and leave memory flat (bug 19)", async () => {
    const running = await startRig(SHORT);
    rig = running;
    const { phone, sip, gateway, juliet } = running;
    const against = await Attacker.open(phone.address, sip);
    attacker = against;
    const captured = capturedMessages().map(({ bytes }) => bytes.toString("latin1"));
    const corpus = [...captured, ...SCANNERS].map(answeredHere);
    const chance = new Chance(0x5eed);
    const memory: number[] = [];
    for (let round = 0; round < 5; round++) {
      await atRate(2_000, 2_000, () => against.byUdp(spoilt(corpus, chance)));
      memory.push(((await gateway.health())?.memory ?? 0) / MIB);
    }
    const after = await phone.send(
      { to: "sip:juliet@xmpp.test", from: "sip:romeo@sip.test", body: "still here" },
      sip,
    );
    await juliet.settle();
    const internal = against.statuses.filter((status) => status === 500 || status === 408);
    const handler = (await gateway.counter("sip.dropped.internal-error")) + internal.length;
    table.row([
      "malformed datagrams",
      10_000,
      0,
      await gateway.counter("xmpp.link.down"),
      countOf(against.statuses),
      series(memory),
    ]);
    expect(after.status).toBe(202);
    expect(juliet.texts().map(({ body }) => body)).toContain("still here");
    expect(handler).toBe(0);
    expect(against.statuses.length).toBeGreaterThan(1_000); // were everything silence, nothing would have been tried
    expect(growth(memory)).toBeLessThan(WANDER / MIB);
  });
});

async function attack(
  against: Attacker,
  datagrams: readonly Hostile[],
  streams: readonly Hostile[],
): Promise<void> {
  for (const { bytes } of datagrams) await against.byUdp(bytes);
  for (let at = 0; at < streams.length; at += AT_ONCE) {
    await Promise.all(streams.slice(at, at + AT_ONCE).map(({ bytes }) => against.byTcp(bytes)));
  }
}

/** Mebibytes from the second round, when everything has been used once, to the largest later one. */
function growth(memory: readonly number[]): number {
  return Math.max(...memory.slice(2)) - (memory[1] ?? 0);
}

function series(memory: readonly number[]): string {
  return memory.map((mebibytes) => mebibytes.toFixed(0)).join(" ");
}

/** A real request with one to four octets changed, cut out, doubled or cut off, or nothing but noise. */
function spoilt(corpus: readonly Buffer[], chance: Chance): Buffer {
  let bytes: Buffer = corpus[chance.below(corpus.length)] as Buffer;
  for (let changes = 1 + chance.below(4); changes > 0; changes--) {
    const at = chance.below(bytes.length);
    const [before, behind] = [bytes.subarray(0, at), bytes.subarray(at)];
    const noise = Buffer.from(Array.from({ length: 1 + chance.below(8) }, () => chance.below(256)));
    const kinds = [
      () => Buffer.concat([before, noise, behind.subarray(noise.length)]),
      () => Buffer.concat([before, behind.subarray(noise.length)]),
      () => Buffer.concat([before, noise, behind]),
      () => Buffer.concat([bytes, behind]).subarray(0, 60_000),
      () => (at < 10 ? bytes : before),
    ];
    bytes = (kinds[chance.below(kinds.length)] as () => Buffer)();
  }
  return bytes.length === 0 ? Buffer.from("\0") : bytes;
}

/** With rport the answer comes to whoever sent it (RFC 3581), whatever host the Via names. */
function answeredHere(text: string): Buffer {
  return Buffer.from(/;rport\b/.test(text) ? text : text.replace(";branch=", ";rport;branch="), "latin1");
}

/** Same seed, same numbers (xorshift32): a failure can be repeated. */
class Chance {
  constructor(private state: number) {}

  below(limit: number): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % limit;
  }
}

const USERS = 1_000;
const ROUNDS = 5;
/** Connections of the attacker. */
const AT_ONCE = 32;
/** Far beyond what a stanza needs; XMPP servers pass it on. */
const DEEP = "<a xmlns='urn:x'>".repeat(1_000) + "</a>".repeat(1_000);
const LARGEST_DATAGRAM = 60_000;

/** What scanners send all day. */
const SCANNERS = [
  "OPTIONS sip:100@203.0.113.5 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK-1;rport\r\nMax-Forwards: 70\r\nTo: <sip:100@1.1.1.1>\r\nFrom: <sip:100@1.1.1.1>;tag=1\r\nUser-Agent: friendly-scanner\r\nCall-ID: 1\r\nContact: <sip:100@198.51.100.7:5060>\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
  "REGISTER sip:203.0.113.5 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK-2\r\nFrom: <sip:1000@203.0.113.5>;tag=2\r\nTo: <sip:1000@203.0.113.5>\r\nCall-ID: 2\r\nCSeq: 1 REGISTER\r\nContact: *\r\nExpires: 0\r\nContent-Length: 0\r\n\r\n",
  "INVITE sip:00441234567890@203.0.113.5 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK-3\r\nFrom: <sip:1@1>;tag=3\r\nTo: <sip:00441234567890@203.0.113.5>\r\nCall-ID: 3\r\nCSeq: 1 INVITE\r\nContact: <sip:1@198.51.100.7>\r\nContent-Type: application/sdp\r\nContent-Length: 4\r\n\r\nv=0\n",
];
