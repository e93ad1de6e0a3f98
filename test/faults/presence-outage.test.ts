/**
 * One side of presence is away for a while and people change meanwhile: nobody is told that anybody has gone or that anything
 * has ended, and afterwards everybody sees what is so.
 * @jest-environment ./test/support/environment.ts
 */

import { viewOf } from "../../bench/load/presence-documents";
import type { PresenceWorld } from "../../bench/load/presence-world";
import { untilReady } from "../support/gateway";
import { type PresenceRig, startPresenceRig } from "./support/presence-rig";
import { atRate, sleep } from "./support/sip-traffic";
import { Table } from "./support/table";

jest.setTimeout(120_000);

/** In each direction. */
const PAIRS = 100;
/** More who begin to watch while the other side is away. */
const LATE = 10;
const OUTAGE_MS = 5_000;

const table = new Table(`Presence while one side is away for ${OUTAGE_MS / 1000} s, ${2 * PAIRS} pairs`, [
  "away",
  "changes meanwhile",
  "told falsely that somebody has gone",
  "told that a subscription has ended",
  "asked again for leave given",
  "begun meanwhile, right afterwards",
  "all right after, s",
]);

let rig: PresenceRig | undefined;
afterEach(async () => {
  await rig?.stop();
  rig = undefined;
});

/** With these a SIP request is given up after 3.2 s: within the outage. */
const OPTIONS = {
  timers: { t1: "50 ms", t2: "400 ms" },
  presence: { notifyInterval: "50 ms", probeAnswer: "1 s", retry: { first: "500 ms", longest: "2 s" } },
};

test("the XMPP link is away: the truth comes with it", async () => {
  rig = await startPresenceRig(OPTIONS);
  const { world, gateway } = rig;
  const told = await setUp(rig);
  await world.server.goAway();
  await untilReady(gateway, false);
  const changes = await changeAll(world);
  await world.server.comeBack();
  await untilReady(gateway, true);
  const seconds = await right(rig, OUTAGE_MS + 30_000);
  table.row(["XMPP link", changes, told.gone(), told.ended(), told.askedAgain(), 2 * LATE, seconds]);
  expect(told.gone()).toBe(0);
  expect(told.ended()).toBe(0);
  expect(told.askedAgain()).toBe(0);
});

test("the SIP side is away: what it missed it is told, what it changed is asked for", async () => {
  rig = await startPresenceRig(OPTIONS);
  const { world } = rig;
  const told = await setUp(rig);
  world.endpoint.isAway = true;
  const changes = await changeAll(world);
  world.endpoint.isAway = false;
  // What phones do when their network is back: they refresh, and begin anew where their dialog is gone.
  world.watchers.onAnswer = (watch, status) => {
    const pair = [...world.sipPairs].find(([, { watch: current }]) => current === watch);
    if (status >= 300 && pair !== undefined) world.watchFromSip(pair[0]);
  };
  for (const watch of [...world.watchers.watches.values()]) world.watchers.subscribe(watch, 3_600);
  const seconds = await right(rig, 60_000);
  table.row(["SIP side", changes, told.gone(), told.ended(), told.prompted(), 2 * LATE, seconds]);
  expect(told.gone()).toBe(0);
  expect(told.ended()).toBe(0);
  expect(told.prompted()).toBe(LATE); // those who have never asked before, and nobody else
});

interface Told {
  gone(): number;
  ended(): number;
  /** `subscribe` for pairs that were set up before the outage. */
  askedAgain(): number;
  /** Decisions that XMPP people were asked for since. */
  prompted(): number;
}

async function setUp({ world, untilRight }: PresenceRig): Promise<Told> {
  await atRate(500, PAIRS, (n) => {
    world.watchFromSip(n);
    world.watchFromXmpp(n);
  });
  await untilRight(`${2 * PAIRS} right pairs`);
  const { watchers, people } = world;
  let [gone, ended, askedAgain] = [0, 0, 0];
  const [revoked, prompts] = [people.revoked, people.prompts];
  // Everybody has a device open at all times.
  watchers.onNotify = (watch) => {
    if (watch.view === "") gone += 1;
    if (watch.state === "terminated") ended += 1;
  };
  people.onSeen = (_, contact) => {
    if (viewOf(contact.seen) === "") gone += 1;
  };
  people.onAsked = (_, contact) => {
    if (Number(/\d+/.exec(contact.jid)?.[0]) < PAIRS) askedAgain += 1;
  };
  return {
    gone: () => gone,
    ended: () => ended + people.revoked - revoked,
    askedAgain: () => askedAgain,
    prompted: () => people.prompts - prompts,
  };
}

/** Everybody changes twice, and some begin to watch, during the outage. */
async function changeAll(world: PresenceWorld): Promise<number> {
  const startedAt = performance.now();
  await atRate(200, 2 * PAIRS, (n) => {
    const show = n < PAIRS ? "dnd" : "away";
    world.people.change(world.person(n % PAIRS), "balcony", show);
    world.presentities.change(world.presentity(n % PAIRS), "desk", show);
    if (n < LATE) {
      world.watchFromSip(PAIRS + n);
      world.watchFromXmpp(PAIRS + n);
    }
  });
  await sleep(OUTAGE_MS - (performance.now() - startedAt));
  return 4 * PAIRS;
}

async function right({ untilRight }: PresenceRig, ms: number): Promise<string> {
  const startedAt = performance.now();
  await untilRight("the truth after the outage", ms);
  return ((performance.now() - startedAt) / 1000).toFixed(1);
}
