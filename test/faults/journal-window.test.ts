/**
 * What a kill -9 of the gateway can lose on the way from XMPP: only what was on its socket and not yet in the journal. The XMPP
 * server is played by the test, so that it knows what it had written, and when, at the very moment of the kill.
 * @jest-environment ./test/support/environment.ts
 */

import * as fake from "../interop/xmpp/rig";
import { type Gateway, startGateway } from "../support/gateway";
import { freePort, holdAddress } from "../support/ports";
import { eventually } from "../support/processes";
import { SipPhone } from "../support/sip-phone";
import { sleep } from "./support/sip-traffic";
import { spread, Table } from "./support/table";

jest.setTimeout(120_000);

const ROUNDS = 10;
const EACH = 200;
const PAIRS = 50;

const table = new Table(
  `The journal's window: kill -9 at the moment of a write, ${ROUNDS} times, about 500 messages a second`,
  [
    "written",
    "at the phone",
    "lost, each time",
    "age of the lost at the kill, ms p50 / p99 / longest",
    "server's write to phone, ms p50 / p99 / longest",
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
  const kills: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const connection = server.connections.at(-1) as fake.FakeConnection;
    for (let index = 0; index < EACH + round; index++) {
      const body = `text ${round} ${index}`;
      written.set(body, now());
      connection.send(chat(body, index % PAIRS));
      if (index + 1 < EACH + round) await sleep(2);
    }
    kills.push(now());
    await dieAndReturn(gateway);
  }
  const arrived = new Map(phone.received.map(({ body, at }) => [body, at]));
  const lost = [...written].filter(([body]) => !arrived.has(body));
  const roundOf = (body: string) => Number(body.split(" ")[1]);
  const ages = lost.map(([body, at]) => (kills[roundOf(body)] as number) - at);
  const crossing = [...written].flatMap(([body, at]) => {
    const arrival = arrived.get(body);
    return arrival === undefined || arrival > (kills[roundOf(body)] as number) ? [] : [arrival - at];
  });
  table.row([
    written.size,
    arrived.size,
    kills.map((_, round) => lost.filter(([body]) => roundOf(body) === round).length).join(" "),
    spread(ages, 1),
    spread(crossing, 1),
    phone.repeats,
  ]);
  expect(phone.received).toHaveLength(arrived.size); // a restart repeats a request only within its own transaction
  expect(ages.filter((age) => age > LONG_JOURNALLED_MS)).toHaveLength(0);
});

/** Killed with what it has; back, and done with what its journal kept. */
async function dieAndReturn(gateway: Gateway): Promise<void> {
  gateway.kill("SIGKILL");
  await gateway.exited();
  await gateway.start();
  await eventually("an empty journal", async () => (await gateway.health())?.journal === 0, 30_000);
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

/** Many times what a commit takes, also on a busy machine: what is lost after it was lost from the journal. */
const LONG_JOURNALLED_MS = 1_000;
