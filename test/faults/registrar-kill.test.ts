/**
 * 20,000 phones register, refresh and leave while the gateway is killed at random instants: whatever was answered 200 is so
 * afterwards, and every phone is reached in the next life without registering anew. RFC 3261 §10.3.
 * @jest-environment ./test/support/environment.ts
 */

import { join } from "node:path";
import Database from "better-sqlite3";
import { type Gateway, startGateway } from "../support/gateway";
import { freePort, holdAddress } from "../support/ports";
import { eventually } from "../support/processes";
import { startProsody } from "../support/prosody";
import type { XmppServer } from "../support/xmpp-server";
import { Chance } from "./support/chance";
import { Crowd } from "./support/registering-crowd";
import { sleep } from "./support/sip-traffic";
import { Table } from "./support/table";

jest.setTimeout(600_000);

const PHONES = 20_000;
const DOMAIN = "office.test";
const KILLS = Number(process.env.ISTHMUS_KILLS ?? 15);
const SEED = 20_261_121;

const table = new Table(`kill -9 with ${PHONES} registered phones`, [
  "life",
  "answered 200",
  "on disk",
  "lost",
]);

let server: XmppServer | undefined;
let gateway: Gateway | undefined;
let crowd: Crowd | undefined;

afterEach(async () => {
  crowd?.close();
  await gateway?.stop();
  await server?.stop();
});

test(`no registration that was answered 200 is lost by ${KILLS} kills`, async () => {
  const chance = new Chance(SEED);
  const { at } = await start();
  let first = 0;
  const registerAll = () => {
    const phone = first++ % PHONES;
    return { phone, expires: 3600 };
  };
  crowd = await Crowd.open(
    { ...(await place()), gateway: at, domain: DOMAIN, phones: PHONES, window: 400 },
    registerAll,
  );
  crowd.run(true);
  await eventually("20,000 registrations", () => (crowd?.told.size ?? 0) >= PHONES, 120_000);
  // From now on one in eight leaves, the others refresh.
  crowd.next = () => ({ phone: chance.below(PHONES), expires: chance.below(8) === 0 ? 0 : 3600 });
  for (let life = 1; life <= KILLS; life++) {
    await sleep(50 + chance.below(700));
    gateway?.kill("SIGKILL");
    await gateway?.exited();
    crowd.run(false);
    await sleep(20); // What the kernel still had of the last answers.
    const rows = onDisk();
    table.row([life, crowd.answers, rows.size, lostOf(crowd, rows)]);
    expect(lostOf(crowd, rows)).toBe(0);
    await gateway?.start();
    crowd.run(true);
  }
  crowd.run(false);
  await eventually("the last answers", () => crowd?.unsure.size === 0, 30_000);
  expect(lostOf(crowd, onDisk())).toBe(0);
});

/** Phones of which the disk says something else than they were told last. */
function lostOf({ told, unsure }: Crowd, rows: ReadonlyMap<number, number>): number {
  let lost = 0;
  for (const [phone, { cseq, isRegistered }] of told) {
    if (unsure.has(phone)) continue;
    if (isRegistered ? rows.get(phone) !== cseq : rows.has(phone)) lost++;
  }
  return lost;
}

/** CSeq of every binding, by phone. */
function onDisk(): ReadonlyMap<number, number> {
  const database = new Database(join(gateway?.folder ?? "", "isthmus.db"), { readonly: true });
  try {
    const rows = database.prepare("SELECT person, record FROM binding").raw().all() as [string, string][];
    return new Map(
      rows.map(([person, record]) => [Number(/^phone(\d+)@/.exec(person)?.[1]), JSON.parse(record).cseq]),
    );
  } finally {
    database.close();
  }
}

async function start(): Promise<{ readonly at: { readonly address: string; readonly port: number } }> {
  const at = await place();
  server = await startProsody({
    domain: "verona.test",
    users: [],
    components: [{ host: DOMAIN, secret: "s" }],
  });
  gateway = await startGateway({
    log: { level: "warn" },
    sip: {
      listen: [`udp:${at.address}:${at.port}`],
      // An edge proxy that is trusted: who may register is tried elsewhere.
      peers: [{ name: "edge", trust: ["127.0.0.0/8"] }],
    },
    xmpp: {
      components: [{ host: DOMAIN, server: `${server.address}:${server.componentPort}`, secret: "s" }],
    },
    domains: {
      sip: [{ sip: DOMAIN, xmpp: DOMAIN, peer: "edge" }],
      xmpp: [{ xmpp: "verona.test", sip: "verona.test", via: "route" }],
    },
    registrar: { domains: [DOMAIN] },
    limits: { rates: { registrations: { sender: "off" } } },
  });
  return { at };
}

async function place(): Promise<{ readonly address: string; readonly port: number }> {
  const address = await holdAddress();
  return { address, port: await freePort(address) };
}
