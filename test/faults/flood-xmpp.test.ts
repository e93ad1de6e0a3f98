/**
 * One XMPP user sends 5,000 stanzas a second over the link that all of them share: he is bounded to his bucket, and a
 * hundred others do not notice. RFC 6120 §8.3.3.18, XEP-0114.
 * @jest-environment ./test/support/environment.ts
 */

import { type Gateway, startGateway } from "../support/gateway";
import { freePort, holdAddress } from "../support/ports";
import { eventually } from "../support/processes";
import { SipPhone } from "../support/sip-phone";
import { FloodingServer, type FloodReport } from "./support/flooding-server";
import { spread, Table } from "./support/table";

jest.setTimeout(120_000);

const HOST = "sip.test";
const OTHERS = 100;
const FLOOD_PER_SECOND = 5_000;
const SECONDS = 2;
const RATE = { perSecond: 50, burst: 200 };
const SLOW_SECONDS = 0.2;
/** With and without the flood in turns, because of what else the machine does. */
const TURNS = 3;
/** How much longer the others' messages may take in the best of the turns: generous, as with the flood from SIP. */
const MOST = { p50: 10, p99: 20 };
/** On a busy machine a millisecond more is a matter of luck. */
const LEAST_MS = 5;
/** What its memory may grow by from the first flood to the last: all that was refused would be ten times as much. */
const GROWTH_BYTES = 64 * 1024 * 1024;

const table = new Table("A flood of 5,000 stanzas a second from one XMPP user", [
  "what",
  "the flooder: sent, delivered, told",
  "100 others: sent, delivered",
  "until the phone has it, ms p50 / p99 / longest",
  "memory, MiB",
]);

describe("a flood from one XMPP user", () => {
  let server: FloodingServer;
  let phone: SipPhone;
  let gateway: Gateway;

  beforeAll(async () => {
    const address = await holdAddress();
    server = await FloodingServer.open(address, HOST);
    phone = await SipPhone.open(address);
    gateway = await startGateway(configuration(address, await freePort(address)));
  });
  afterAll(async () => {
    await gateway?.stop();
    phone?.close();
    await server?.stop();
  });

  test("gets no more than its bucket, and a hundred others get all of their messages through", async () => {
    const times = { quiet: [] as number[][], loud: [] as number[][] };
    const memory: number[] = [];
    for (let turn = 1; turn <= TURNS; turn++) {
      const quiet = await othersTake(await talk(`quiet${turn}`, 0), `quiet${turn}`);
      times.quiet.push(quiet);
      note("nobody floods", "–", quiet, await memoryNow());
      const before = { delivered: flooded(), told: await told() };
      const startedAt = performance.now();
      const report = await talk(`loud${turn}`, FLOOD_PER_SECOND);
      const loud = await othersTake(report, `loud${turn}`);
      // Until the gateway has read the last of it.
      const seconds = (performance.now() - startedAt) / 1000;
      times.loud.push(loud);
      const delivered = flooded() - before.delivered;
      const said = (await told()) - before.told;
      memory.push(await memoryNow());
      note("during the flood", `${report.flooded}, ${delivered}, ${said}`, loud, memory.at(-1) ?? 0);

      expect(report.flooded).toBe(FLOOD_PER_SECOND * SECONDS);
      const bucket = RATE.burst + RATE.perSecond * (seconds + SLOW_SECONDS) + 1;
      expect(delivered).toBeGreaterThanOrEqual(turn === 1 ? RATE.burst : 1);
      expect(delivered).toBeLessThanOrEqual(bucket);
      // He is told that he is refused, but no faster than he may write.
      expect(said).toBeGreaterThanOrEqual(1);
      expect(said).toBeLessThanOrEqual(bucket);
    }
    const [p50, p99] = [ratio(times, 50), ratio(times, 99)];
    table.row(["with the flood by without", "", "", `${p50.toFixed(1)} / ${p99.toFixed(1)}`, ""]);
    expect(p50).toBeLessThan(MOST.p50);
    expect(p99).toBeLessThan(MOST.p99);

    const heard = await server.heard();
    expect(heard).toMatchObject({ links: 1, othersErrors: 0 });
    expect(heard.warnings).toBeGreaterThanOrEqual(1);
    expect(Object.keys(heard.errors)).toEqual(["resource-constraint"]);
    expect(await gateway.counter("rate.untold")).toBeGreaterThan(FLOOD_PER_SECOND);
    expect((memory.at(-1) ?? 0) - (memory[0] ?? 0)).toBeLessThan(GROWTH_BYTES);
  });

  test("of typing is bounded by the same bucket: the phone hears little of it, and of the others everything", async () => {
    await talk("conversation", 1 / SECONDS);
    const before = performance.now();
    const order = { flood: FLOOD_PER_SECOND, others: OTHERS, seconds: SECONDS };
    const report = await server.flood({ ...order, label: "typing", typing: true });
    await othersTake(report, "typing");
    const bucket = RATE.burst + RATE.perSecond * ((performance.now() - before) / 1000 + SLOW_SECONDS) + 1;
    const heard = phone.received.filter(({ body }) => body.includes("<isComposing")).length;
    expect(heard).toBeGreaterThanOrEqual(1);
    expect(heard).toBeLessThanOrEqual(bucket);
    expect(await gateway.counter("xmpp.typing.dropped")).toBeGreaterThanOrEqual(report.flooded - bucket);
    expect((await server.heard()).othersErrors).toBe(0);
  });

  const flooded = (): number => phone.received.filter(({ body }) => body.startsWith("flood")).length;
  const told = async (): Promise<number> =>
    Object.values((await server.heard()).errors).reduce((sum, count) => sum + count, 0);
  const memoryNow = async (): Promise<number> => (await gateway.health())?.memory ?? Number.NaN;
  const talk = (label: string, flood: number): Promise<FloodReport> =>
    server.flood({ flood, others: OTHERS, seconds: SECONDS, label });

  /** How long each of the others' messages took to the phone, milliseconds; waits until all is over. */
  async function othersTake({ sent }: FloodReport, label: string): Promise<number[]> {
    expect(sent).toHaveLength(OTHERS * SECONDS);
    const theirs = () => phone.received.filter(({ body }) => body.startsWith(`${label} `));
    await phone.until("the others' messages", () => theirs().length >= sent.length);
    await eventually("the end of what waits", async () => (await gateway.health())?.journal === 0);
    const arrived = new Map(theirs().map(({ body, at }) => [body, at]));
    return sent.map(({ body, at }) => (arrived.get(body) ?? Number.NaN) - at);
  }

  function note(what: string, pest: string, times: readonly number[], memory: number): void {
    const sent = `${times.length}, ${times.filter(Number.isFinite).length}`;
    table.row([what, pest, sent, spread(times, 1), Math.round(memory / 1024 / 1024)]);
  }

  function configuration(address: string, port: number): object {
    return {
      sip: {
        listen: [`udp:${address}:${port}`],
        peers: [
          { name: "phones", trust: [`${address}/32`], proxy: `sip:${address}:${phone.port}`, route: false },
        ],
      },
      xmpp: { components: [{ host: HOST, server: `${address}:${server.port}`, secret: "a secret" }] },
      domains: {
        sip: [{ sip: HOST, xmpp: HOST, peer: "phones" }],
        xmpp: [{ xmpp: "xmpp.test", sip: "xmpp.test", via: "route" }],
      },
      limits: {
        rates: {
          messages: { sender: `${RATE.perSecond}/s, burst ${RATE.burst}`, pair: "off" },
          slow: `${SLOW_SECONDS} s`,
        },
      },
      log: { level: "info" },
    };
  }
});

/** The best turn with the flood by the best one without. */
function ratio({ quiet, loud }: { quiet: number[][]; loud: number[][] }, percentile: number): number {
  return best(loud, percentile) / Math.max(LEAST_MS, best(quiet, percentile));
}

/** Of all turns the shortest time within which so many per cent are there, milliseconds. */
function best(turns: readonly (readonly number[])[], percentile: number): number {
  return Math.min(
    ...turns.map((times) => {
      const sorted = [...times].sort((a, b) => a - b);
      return sorted[Math.floor((sorted.length * percentile) / 100)] ?? Number.NaN;
    }),
  );
}
