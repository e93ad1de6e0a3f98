/**
 * One user sends 5,000 messages a second: he is bounded to his bucket, and a hundred others do not notice. RFC 3261 §21.5.4.
 * @jest-environment ./test/support/environment.ts
 */

import { Worker } from "node:worker_threads";
import { needs } from "../support/requires";
import { type Rig, startRig } from "./support/rig";
import { atRate, type Fate } from "./support/sip-traffic";
import { spread, Table } from "./support/table";

jest.setTimeout(120_000);

const OTHERS = 100;
const FLOOD_PER_SECOND = 5_000;
const SECONDS = 5;
const RATE = { perSecond: 50, burst: 200 };
const SLOW_SECONDS = 0.2;
/** With and without the flood in turns, because of what else the machine does. */
const TURNS = 2;

/**
 * How much longer the others' answers may take in the better of the turns. Generous, as other work on the machine costs them
 * more than the flood does; a gateway that worked through the flood would be beyond either at once.
 */
const MOST = { p50: 5, p99: 20 };

const table = new Table("A flood of 5,000 messages a second from one user", [
  "what",
  "the flooder: sent, delivered",
  "100 others: sent, answered 202",
  "their answers, ms p50 / p99 / longest",
]);

needs(["prosody", "python3-slixmpp"], "a flood from one user", () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig({
      limits: {
        rates: {
          messages: { sender: `${RATE.perSecond}/s, burst ${RATE.burst}`, pair: "off" },
          slow: `${SLOW_SECONDS} s`,
        },
      },
    });
  });
  afterAll(() => rig?.stop());

  test("gets no more than its bucket, while a hundred others get all of their messages through", async () => {
    const times = { quiet: [] as Fate[][], loud: [] as Fate[][] };
    for (let turn = 1; turn <= TURNS; turn++) {
      const quiet = await othersTalk(`quiet ${turn}`);
      note("nobody floods", 0, 0, quiet);
      const [before, startedAt] = [flooded(), performance.now()];
      const flooding = floodFrom(rig, turn);
      const loud = await othersTalk(`loud ${turn}`);
      const sent = await flooding;
      const seconds = (performance.now() - startedAt) / 1000;
      await rig.juliet.settle();
      const delivered = flooded() - before;
      note("during the flood", sent, delivered, loud);
      times.quiet.push(quiet);
      times.loud.push(loud);

      expect(sent).toBe(FLOOD_PER_SECOND * SECONDS);
      // In the first turn the bucket is full.
      expect(delivered).toBeGreaterThanOrEqual(turn === 1 ? RATE.burst : 1);
      expect(delivered).toBeLessThanOrEqual(RATE.burst + RATE.perSecond * (seconds + SLOW_SECONDS) + 1);
    }
    const ratio = (percentile: number): number =>
      best(times.loud, percentile) / best(times.quiet, percentile);
    const [p50, p99] = [ratio(50), ratio(99)];
    table.row(["with the flood by without", "", "", `${p50.toFixed(1)} / ${p99.toFixed(1)}`]);
    expect(p50).toBeLessThan(MOST.p50);
    expect(p99).toBeLessThan(MOST.p99);
    expect(await rig.gateway.counter("rate.warned")).toBeGreaterThanOrEqual(1);
    for (const fates of Object.values(times).map((turns) => turns.flat())) {
      expect(fates.filter(({ outcome }) => outcome.status !== 202)).toEqual([]);
      const bodies = new Set(rig.juliet.texts().map(({ body }) => body));
      expect(fates.filter(({ body }) => !bodies.has(body))).toEqual([]);
    }
  });

  const flooded = (): number => rig.juliet.texts().filter(({ body }) => body?.startsWith("flood")).length;

  /** Each of the others writes a message a second. */
  function othersTalk(label: string): Promise<Fate[]> {
    return atRate(OTHERS, OTHERS * SECONDS, async (index) => {
      const body = `${label} ${index}`;
      const from = `sip:user${index % OTHERS}@sip.test`;
      return { body, outcome: await rig.phone.send({ to: "sip:juliet@xmpp.test", from, body }, rig.sip) };
    });
  }

  function note(what: string, sent: number, delivered: number, fates: readonly Fate[]): void {
    const accepted = fates.filter(({ outcome }) => outcome.status === 202).length;
    table.row([
      what,
      sent === 0 ? "–" : `${sent}, ${delivered}`,
      `${fates.length}, ${accepted}`,
      spread(fates.map(({ outcome }) => outcome.milliseconds)),
    ]);
  }
});

/** Of all turns the shortest time within which so many per cent have their answer, milliseconds. */
function best(turns: readonly (readonly Fate[])[], percentile: number): number {
  return Math.min(
    ...turns.map((fates) => {
      const times = fates.map(({ outcome }) => outcome.milliseconds).sort((a, b) => a - b);
      return times[Math.floor((times.length * percentile) / 100)] ?? Number.NaN;
    }),
  );
}

/** In a thread of its own, so that it does not slow those who are measured. Resolves with the number of messages sent. */
function floodFrom({ sip, phone }: Rig, turn: number): Promise<number> {
  const workerData = { ...sip, from: phone.address, perSecond: FLOOD_PER_SECOND, seconds: SECONDS, turn };
  const worker = new Worker(FLOODER, { eval: true, workerData });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

const FLOODER = `
const { workerData: { address, port, from, perSecond, seconds, turn }, parentPort } = require("node:worker_threads");
const socket = require("node:dgram").createSocket("udp4");
socket.bind(0, from, () => {
  const at = from + ":" + socket.address().port;
  const startedAt = performance.now();
  let sent = 0;
  const tick = () => {
    const due = Math.min(perSecond * seconds, Math.floor(((performance.now() - startedAt) * perSecond) / 1000));
    for (; sent < due; sent++) {
      const body = "flood " + turn + " " + sent;
      socket.send("MESSAGE sip:juliet@xmpp.test SIP/2.0\\r\\nVia: SIP/2.0/UDP " + at + ";branch=z9hG4bKf" + turn + "-" + sent +
        ";rport\\r\\nMax-Forwards: 70\\r\\nFrom: <sip:pest@sip.test>;tag=f\\r\\nTo: <sip:juliet@xmpp.test>\\r\\nCall-ID: f" + turn + "-" + sent +
        "\\r\\nCSeq: 1 MESSAGE\\r\\nContent-Type: text/plain\\r\\nContent-Length: " + body.length + "\\r\\n\\r\\n" + body, port, address);
    }
    if (sent < perSecond * seconds) setTimeout(tick, 2);
    else { parentPort.postMessage(sent); setTimeout(() => socket.close(), 500); }
  };
  tick();
});
`;
