/**
 * Messages that wait, with a gateway that is killed while they are kept and while they are delivered. XEP-0160.
 * @jest-environment ./test/support/environment.ts
 */

import { join } from "node:path";
import Database from "better-sqlite3";
import { eventually } from "../support/processes";
import { needs } from "../support/requires";
import { SipPhone } from "../support/sip-phone";
import { Chance } from "./support/chance";
import { type Rig, SIP_DOMAIN, startRig } from "./support/rig";
import { untilDone, write } from "./support/xmpp-traffic";

jest.setTimeout(180_000);

const PEOPLE = 100;
const MESSAGES = 1_000;

needs(["prosody", "python3-slixmpp"], "1,000 messages to 100 people with no device", () => {
  let rig: Rig;
  let other: SipPhone;
  beforeAll(async () => {
    rig = await startRig({
      more: {
        registrar: { domains: [SIP_DOMAIN] },
        waiting: { domains: [SIP_DOMAIN], otherDevices: "2 min" },
      },
    });
    other = await SipPhone.open(rig.phone.address);
  });
  afterAll(async () => {
    other?.close();
    await rig?.stop();
  });

  const waiting = async (): Promise<number> => Number((await rig.gateway.health())?.waiting ?? -1);

  test("their host says that messages wait (XEP-0160 §4)", async () => {
    expect(await rig.juliet.discovers(SIP_DOMAIN)).toMatch(/feature var=["']msgoffline["']/);
  });

  test("kill -9 while they are kept and while they are delivered: each once to each of two devices, in order, dated", async () => {
    const startedAt = Date.now();
    const writing = write(rig.juliet, { count: MESSAGES, pairs: PEOPLE, rate: 400 });
    await eventually("some to wait", async () => (await waiting()) > MESSAGES / 2);
    await rig.gateway.kill("SIGKILL");
    await rig.gateway.exited();
    // What it had taken; of the rest the server had told juliet, or will.
    const taken = onDisk("journal", "waiting");
    await rig.gateway.start();
    await writing;
    await untilDone(rig.gateway, rig.juliet);
    const endedAt = Date.now();
    const errors = rig.juliet.errors().size;
    const kept = onDisk("waiting");
    expect(onDisk("journal")).toEqual([]);
    expect(taken.length).toBeGreaterThan(MESSAGES / 2);
    expect(taken.filter((body) => !kept.includes(body))).toEqual([]);

    const order = shuffled(PEOPLE);
    for (const n of order.slice(0, PEOPLE / 2)) comeBack(n);
    await rig.phone.until("some to come", () => rig.phone.received.length > kept.length / 8);
    await rig.gateway.kill("SIGKILL");
    await rig.gateway.exited();
    await rig.gateway.start();
    for (const n of order) comeBack(n);
    for (const phone of [rig.phone, other])
      await phone.until("everything to come", () => phone.received.length >= kept.length, 60_000);
    await eventually("quiet", async () => (await rig.gateway.counter("xmpp.message.waiting.delivered")) > 0);

    for (const phone of [rig.phone, other]) {
      const bodies = phone.received.map(({ body }) => body);
      expect(new Set(bodies).size).toBe(bodies.length);
      expect([...bodies].sort()).toEqual([...kept].sort());
      expect(outOfOrder(bodies)).toBe(0);
      for (const { request } of phone.received) {
        const at = Date.parse(request.headers.get("Date") ?? "");
        expect(at).toBeGreaterThanOrEqual(startedAt - 1_000);
        expect(at).toBeLessThanOrEqual(endedAt);
      }
    }
    expect(rig.juliet.errors().size).toBe(errors);
  });

  /** Texts in these tables. */
  function onDisk(...tables: ("journal" | "waiting")[]): string[] {
    const database = new Database(join(rig.gateway.folder, "isthmus.db"), { readonly: true });
    const bodies = tables.flatMap((table) => database.prepare(`SELECT body FROM ${table}`).pluck().all());
    database.close();
    return (bodies as Buffer[]).map((body) => body.toString());
  }

  /** Both devices of romeoN register. */
  function comeBack(n: number): void {
    for (const [name, phone] of [
      ["one", rig.phone],
      ["two", other],
    ] as const) {
      const at = `${phone.address}:${phone.port}`;
      const person = `sip:romeo${n}@${SIP_DOMAIN}`;
      const lines = [
        `REGISTER sip:${SIP_DOMAIN} SIP/2.0`,
        `Via: SIP/2.0/UDP ${at};branch=z9hG4bK${name}${n}-${cseq};rport`,
        "Max-Forwards: 70",
        `From: <${person}>;tag=${name}${n}`,
        `To: <${person}>`,
        `Call-ID: ${name}-${n}`,
        `CSeq: ${cseq++} REGISTER`,
        `Contact: <sip:romeo${n}@${at}>;+sip.instance="<urn:uuid:00000000-0000-4000-8000-00000000${name}>"`,
        "Expires: 3600",
        "Supported: gruu",
        "Content-Length: 0",
      ];
      phone.raw(`${lines.join("\r\n")}\r\n\r\n`, rig.sip);
    }
  }
  let cseq = 1;
});

function shuffled(count: number): number[] {
  const chance = new Chance(160);
  const numbers = Array.from({ length: count }, (_, n) => n);
  for (let at = count - 1; at > 0; at--) {
    const other = chance.below(at + 1);
    [numbers[at], numbers[other]] = [numbers[other] as number, numbers[at] as number];
  }
  return numbers;
}

/** Texts of one person that came before one that was written earlier. */
function outOfOrder(bodies: readonly string[]): number {
  const last = new Map<number, number>();
  let count = 0;
  for (const body of bodies) {
    const index = Number(body.split(" ")[1]);
    const person = index % PEOPLE;
    if (index < (last.get(person) ?? -1)) count += 1;
    last.set(person, index);
  }
  return count;
}
