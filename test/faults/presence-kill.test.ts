/**
 * Bug 14 of the peers: after a restart nobody knew any more who watches whom. Here kill -9 with 1,000 subscriptions, half in
 * each direction, while everybody changes; after the restart every pair is right within 30 s, in the same dialogs, nobody is
 * asked again, nobody is told that anything has ended, and the gateway keeps to its cap of requests.
 * @jest-environment ./test/support/environment.ts
 */

import { viewOf } from "../../bench/load/presence-documents";
import type { PresenceWorld } from "../../bench/load/presence-world";
import { eventually } from "../support/processes";
import { type PresenceRig, presenceOf, startPresenceRig } from "./support/presence-rig";
import { atRate, sleep } from "./support/sip-traffic";
import { Table } from "./support/table";

jest.setTimeout(180_000);

/** In each direction; half of the people are in both. */
const PAIRS = 500;
const FIRST_XMPP = 250;
const CAP = 200;
const KILLS = 2;
const LIMIT_MS = 30_000;

const table = new Table(`kill -9 with ${2 * PAIRS} subscriptions, ${CAP} requests a second allowed`, [
  "life",
  "all right after, s",
  "SUBSCRIBEs in the busiest second",
  "NOTIFYs in the busiest second",
  "asked again",
  "told that it ended",
  "new dialogs",
]);

let rig: PresenceRig | undefined;
afterEach(async () => {
  await rig?.stop();
  rig = undefined;
});

test("kill -9 with 1,000 subscriptions: the same dialogs go on and everybody sees the truth (bug 14)", async () => {
  rig = await startPresenceRig({ presence: { requestsPerSecond: CAP, notifyInterval: "100 ms" } });
  const { world, gateway } = rig;
  await setUp(world);
  await rig.untilRight("1,000 right pairs");
  for (let life = 1; life <= KILLS; life++) {
    const before = snapshot(world);
    const watched = watchEverything(world);
    // The kill comes amid changes; what happens while the gateway is away reaches it in no other way than by its asking.
    const changes = atRate(400, 300, (n) => change(world, n, life));
    await sleep(500);
    await Promise.all([rig.kill(), changes]);
    changeUnheard(world, life);
    await gateway.start(); // resolves when the link is up
    const startedAt = performance.now();
    await rig.untilRight(`the truth in life ${life}`, LIMIT_MS);
    const seconds = (performance.now() - startedAt) / 1000;
    await eventually(
      "the end of reconciliation",
      async () => presenceOf(await gateway.health())?.reconciling === 0,
    );
    await rig.untilRight("the truth still");
    const after = snapshot(world);
    table.row([
      life,
      seconds.toFixed(1),
      busiest(watched.subscribes),
      busiest(watched.notifies),
      after.asked - before.asked,
      watched.ended(),
      after.opened - before.opened,
    ]);
    expect(after.asked).toBe(before.asked); // no `subscribe`, not even one that the server answers by itself
    expect(watched.ended()).toBe(0); // no `unsubscribed`, no terminated, nobody gone
    expect(after.opened).toBe(before.opened); // no new dialog, neither from it nor …
    expect(after.strangers).toBe(before.strangers); // … in it: same Call-ID, same tags
    expect(after.outOfOrder).toBe(before.outOfOrder); // CSeq grows, both ways
    expect(after.dialogs).toEqual(before.dialogs);
    expect(busiest(watched.subscribes)).toBeLessThanOrEqual(CAP * 1.1);
  }
});

async function setUp(world: PresenceWorld): Promise<void> {
  await atRate(500, PAIRS, (n) => {
    world.watchFromSip(n);
    world.watchFromXmpp(n + FIRST_XMPP);
  });
}

/** Somebody on each side changes show; whoever has two devices brings the second and takes it away. */
function change(world: PresenceWorld, n: number, life: number): void {
  const show = SHOWS[(n + life) % SHOWS.length] as string;
  const person = world.person((n * 7) % (PAIRS + FIRST_XMPP));
  if (n % 5 === 0) world.people.change(person, "orchard", person.resources.has("orchard") ? undefined : show);
  else world.people.change(person, "balcony", show);
  const presentity = world.presentity(FIRST_XMPP + ((n * 11) % PAIRS));
  if (n % 5 === 1)
    world.presentities.change(presentity, "cell", presentity.devices.has("cell") ? undefined : show);
  else world.presentities.change(presentity, "desk", show);
}

/** Everybody has changed, and the NOTIFYs that told of it have been given up. */
function changeUnheard(world: PresenceWorld, life: number): void {
  for (let n = 0; n < PAIRS + FIRST_XMPP; n++) {
    const show = SHOWS[(n + life + 1) % SHOWS.length] as string;
    world.people.change(world.person(n), "balcony", show);
    if (n >= FIRST_XMPP) world.presentity(n).devices.set("desk", show);
  }
}

const SHOWS = ["dnd", "away", "xa", ""];

interface Snapshot {
  readonly asked: number;
  readonly opened: number;
  readonly strangers: number;
  readonly outOfOrder: number;
  /** Call-ID and both tags of every dialog, of both directions. */
  readonly dialogs: readonly string[];
}

function snapshot({ people, presentities, watchers }: PresenceWorld): Snapshot {
  const ours = [...watchers.watches.values()].map((w) => `${w.callId} ${w.localTag} ${w.remoteTag}`);
  const theirs = [...presentities.dialogs.values()].map((d) => `${d.callId} ${d.localTag} ${d.remoteTag}`);
  return {
    asked: [...people.asked.values()].reduce((sum, count) => sum + count, 0),
    opened: presentities.opened,
    strangers: presentities.strangers + watchers.strangers,
    outOfOrder: presentities.outOfOrder + watchers.outOfOrder,
    dialogs: [...ours, ...theirs].sort(),
  };
}

interface Watched {
  /** Times of arrival, ms. */
  readonly subscribes: readonly number[];
  readonly notifies: readonly number[];
  /** How often anybody was told that a subscription had ended, or that somebody is gone who never was. */
  ended(): number;
}

function watchEverything({ people, presentities, watchers }: PresenceWorld): Watched {
  const notifies: number[] = [];
  let ended = 0;
  const revoked = people.revoked;
  presentities.arrivals.length = 0;
  watchers.onNotify = (watch) => {
    notifies.push(performance.now());
    if (watch.state === "terminated" || watch.view === "") ended += 1; // everybody has a device open at all times
  };
  people.onSeen = (_, contact) => {
    if (viewOf(contact.seen) === "") ended += 1;
  };
  return { subscribes: presentities.arrivals, notifies, ended: () => ended + people.revoked - revoked };
}

/** The most of them in any second. */
function busiest(times: readonly number[]): number {
  let most = 0;
  for (let from = 0, to = 0; to < times.length; to++) {
    while ((times[to] as number) - (times[from] as number) > 1_000) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most;
}
