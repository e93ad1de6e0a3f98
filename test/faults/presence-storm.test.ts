/**
 * kill -9 at random instants while people change, come, go, ask, allow, refuse and give up, on both sides. In the end every
 * pair sees what is so, and nobody was asked for leave that he had given. ISTHMUS_KILLS says how often (docs/reliability.md);
 * ISTHMUS_SEED repeats a run's choices.
 * @jest-environment ./test/support/environment.ts
 */

import { writeSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/processes";
import { type PresenceRig, startPresenceRig } from "./support/presence-rig";
import { PresenceStorm } from "./support/presence-storm";
import { Table } from "./support/table";

const KILLS = Number(process.env.ISTHMUS_KILLS ?? 15);
const SEED = Number(process.env.ISTHMUS_SEED ?? 1);
/** Of each direction. */
const PAIRS = 60;
const CHANGES_PER_SECOND = 200;
/** The longest life, milliseconds after the link is up: reconciliation is under way at most of the kills. */
const LONGEST_LIFE_MS = 1_500;

jest.setTimeout(120_000 + KILLS * 6_000);

const table = new Table(`kill -9 at ${KILLS} random instants during a storm of presence, seed ${SEED}`, [
  "changes",
  "of subscriptions",
  "NOTIFYs taken",
  "presence stanzas taken",
  "asked twice for leave given",
  "pairs wrong at the end",
  "right after the last start, s",
]);

let rig: PresenceRig | undefined;
afterEach(async () => {
  await rig?.stop();
  rig = undefined;
});

test(`${KILLS} kills during a storm of changes: no pair is wrong at the end, nobody is asked twice`, async () => {
  rig = await startPresenceRig({
    log: "info",
    presence: {
      requestsPerSecond: 500,
      notifyInterval: "20 ms",
      probeAnswer: "500 ms",
      retry: { first: "200 ms", longest: "1 s" },
    },
  });
  const { world, gateway } = rig;
  const storm = new PresenceStorm(world, PAIRS, SEED);
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      await storm.blowFor(storm.chance.below(LONGEST_LIFE_MS), CHANGES_PER_SECOND);
      storm.history.note(`=== kill ${kill + 1}`);
      await Promise.all([rig.kill(), storm.blowFor(100, CHANGES_PER_SECOND)]);
      await Promise.all([gateway.start(), storm.blowFor(300, CHANGES_PER_SECOND)]);
      storm.history.note("=== up");
    }
    await endRightly(rig, storm);
  } catch (error) {
    const wrong = [...storm.askedTwice, ...storm.endedWrongly, ...storm.lostDialogs, ...world.wrong()];
    const database = join(gateway.folder, "isthmus.db");
    writeSync(process.stderr.fd, `${storm.history.explain(wrong, database, gateway.log())}\n`);
    throw error;
  }
});

async function endRightly(rig: PresenceRig, storm: PresenceStorm): Promise<void> {
  const { world } = rig;
  const startedAt = performance.now();
  const isAnswered = () => world.endpoint.inFlight === 0;
  await rig.untilRight("the truth after the last life", 60_000);
  const seconds = (performance.now() - startedAt) / 1000;
  // What a phone has asked for while the gateway was away must not cross what it asks for now.
  await eventually("answers to what was asked in the storm", isAnswered, 40_000);
  storm.settle();
  await eventually("answers to everything", isAnswered, 40_000);
  await rig.untilRight("the truth once more", 30_000);
  const wrong = world.wrong();
  table.row([
    storm.changes,
    storm.subscriptionChanges,
    world.watchers.notifies,
    storm.shown,
    storm.askedTwice.length,
    wrong.length,
    seconds.toFixed(1),
  ]);
  expect(storm.askedTwice).toEqual([]);
  expect(storm.endedWrongly).toEqual([]);
  expect(storm.lostDialogs).toEqual([]);
  expect(wrong).toEqual([]);
}
