/**
 * What a kill -9 of the gateway can lose on the way from XMPP: only what was on its socket and not yet in the journal. The XMPP
 * server is played by the test, so that it knows what it had written, and when, at the very moment of the kill.
 * @jest-environment ./test/support/environment.ts
 */

import { join } from "node:path";
import Database from "better-sqlite3";
import * as fake from "../interop/xmpp/rig";
import { type Gateway, startGateway } from "../support/gateway";
import { freePort, holdAddress } from "../support/ports";
import { eventually } from "../support/processes";
import { SipPhone } from "../support/sip-phone";
import { sleep } from "./support/sip-traffic";
import { spread, Table } from "./support/table";

jest.setTimeout(120_000);

const ROUNDS = 10;
const KEPT = 150;
const EACH = 100;
const PAIRS = 50;

const table = new Table(
  `The journal's window: kill -9 at the moment of a write, ${ROUNDS} times, about 500 messages a second`,
  [
    "written",
    "at the phone",
    "lost, each time",
    "age of the lost at the kill, ms p50 / p99 / longest",
    "write to received_at of the journal, ms p50 / p99 / longest",
    "repeats after a restart",
  ],
);

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

test("whatever the journal has taken survives; what it has not is milliseconds old", async () => {
  const server = await fake.startFakeServer();
  const address = await holdAddress();
  const phone = await SipPhone.open(address);
  const gateway = await startGateway(configuration(server, phone, await freePort(address)));
  closing.push(
    () => server.stop(),
    () => phone.close(),
    () => gateway.stop(),
  );
  const written = new Map<string, number>();
  const journalled = new Set<string>();
  const kills: number[] = [];
  const taken: number[] = [];
  const send = (body: string, index: number): void => {
    written.set(body, now());
    server.connections.at(-1)?.send(chat(body, index % PAIRS));
  };
  for (let round = 0; round < ROUNDS; round++) {
    phone.answer = () => undefined; // so that the journal keeps what it takes
    for (let index = 0; index < KEPT; index++) {
      send(`kept ${round} ${index}`, index);
      journalled.add(`kept ${round} ${index}`);
    }
    await eventually("all in the journal", async () => (await gateway.health())?.journal === KEPT, 30_000);
    for (let index = 0; index < EACH; index++) {
      if (index > 0) await sleep(2);
      send(`text ${round} ${index}`, index);
    }
    kills.push(now());
    gateway.kill("SIGKILL");
    await gateway.exited();
    taken.push(...journalTimes(gateway, written));
    phone.answer = () => 200;
    await gateway.start();
    await eventually("an empty journal", async () => (await gateway.health())?.journal === 0, 30_000);
  }
  const arrived = new Map(phone.received.map(({ body, at }) => [body, at]));
  const lost = [...written].filter(([body]) => !arrived.has(body));
  const roundOf = (body: string) => Number(body.split(" ")[1]);
  const ages = lost.map(([body, at]) => (kills[roundOf(body)] as number) - at);
  table.row([
    written.size,
    arrived.size,
    kills.map((_, round) => lost.filter(([body]) => roundOf(body) === round).length).join(" "),
    spread(ages, 1),
    spread(taken, 1),
    phone.repeats,
  ]);
  expect(phone.received).toHaveLength(arrived.size); // a restart repeats a request only within its own transaction
  expect(lost.filter(([body]) => journalled.has(body))).toHaveLength(0);
});

/** Milliseconds from the server's write to the moment at which the gateway had read it: of what stands in the journal. */
function journalTimes({ folder }: Gateway, written: ReadonlyMap<string, number>): number[] {
  const database = new Database(join(folder, "isthmus.db"), { readonly: true });
  const rows = database.prepare("SELECT received_at AS at, body FROM journal").all() as JournalRow[];
  database.close();
  return rows.flatMap(({ at, body }) => {
    const sent = written.get(body.toString());
    return sent === undefined || !body.toString().startsWith("text") ? [] : [at - sent];
  });
}

interface JournalRow {
  readonly at: number;
  readonly body: Buffer;
}

function configuration(
  server: { readonly address: string; readonly port: number },
  phone: SipPhone,
  sipPort: number,
): object {
  return {
    sip: {
      listen: [`udp:${phone.address}:${sipPort}`],
      peers: [{ name: "phones", proxy: `sip:${phone.address}:${phone.port}`, route: false }],
    },
    xmpp: {
      components: [{ host: fake.HOST, server: `${server.address}:${server.port}`, secret: fake.SECRET }],
      reconnect: { first: "50 ms", longest: "200 ms" },
    },
    domains: {
      sip: [{ sip: fake.HOST, xmpp: fake.HOST, peer: "phones" }],
      xmpp: [{ xmpp: "xmpp.test", sip: "xmpp.test", via: "route" }],
    },
    log: { level: "warn" },
  };
}

function chat(body: string, pair: number): string {
  const head = `from='juliet@xmpp.test/balcony' to='romeo${pair}@${fake.HOST}' type='chat' id='${body.replaceAll(" ", "-")}'`;
  return `<message ${head}><body>${body}</body></message>`;
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
