/**
 * Order per pair of people, and a stop in the middle of traffic.
 * @jest-environment ./test/support/environment.ts
 */

import { untilReady } from "../support/gateway";
import { needs } from "../support/requires";
import { groupBy } from "./support/person";
import { type Rig, startRig } from "./support/rig";
import { atRate, flood, sleep, Tally } from "./support/sip-traffic";
import { Table } from "./support/table";
import { Account, untilDone, write } from "./support/xmpp-traffic";

jest.setTimeout(120_000);

const PAIRS = 20;
const EACH = 200;

const table = new Table("Order and stop", [
  "what",
  "sent",
  "arrived or answered",
  "out of order",
  "lost",
  "more",
]);

let rig: Rig | undefined;

afterEach(async () => {
  await rig?.stop();
  rig = undefined;
});

needs(["prosody", "python3-slixmpp"], "order and stop", () => {
  test("200 messages of each of 20 pairs arrive in order, both ways at once", async () => {
    const running = await startRig();
    rig = running;
    const { phone, sip, juliet } = running;
    const [outcomes, written] = await Promise.all([
      atRate(RATE, PAIRS * EACH, (index) => {
        const from = `sip:romeo${index % PAIRS}@sip.test`;
        return phone.send({ to: "sip:juliet@xmpp.test", from, body: `from sip ${index}` }, sip);
      }),
      write(juliet, { count: PAIRS * EACH, rate: RATE, pairs: PAIRS, label: "to-sip" }),
    ]);
    await untilDone(running.gateway, juliet);
    const texts = juliet.texts();
    const swapped = [...groupBy(texts, (stanza) => stanza.from).values()].reduce((sum, of) => {
      const order = of.map((stanza) => Number(/\d+$/.exec(stanza.body ?? "")?.[0]));
      return sum + order.filter((place, i) => i > 0 && place <= (order[i - 1] as number)).length;
    }, 0);
    const account = new Account(written, juliet, [phone], running.recording);
    const accepted = outcomes.filter(({ status }) => status === 202).length;
    table.row(["SIP → XMPP", outcomes.length, texts.length, swapped, outcomes.length - texts.length, ""]);
    table.row([
      "XMPP → SIP",
      written.length,
      account.delivered,
      account.outOfOrder,
      account.lost.length,
      `ms ${account.times()}`,
    ]);
    expect(accepted).toBe(PAIRS * EACH);
    expect(texts).toHaveLength(PAIRS * EACH);
    expect(swapped).toBe(0);
    expect(account.delivered).toBe(PAIRS * EACH);
    expect(account.outOfOrder).toBe(0);
    expect(account.twiceOtherRequest).toBe(0);
  });

  test("500 messages sent while the XMPP server restarts arrive once, in order, or are answered (bug 7)", async () => {
    const running = await startRig();
    rig = running;
    const { phone, sip, juliet, server, gateway } = running;
    const flooded = flood(phone, sip, { count: 500, rate: 100 });
    await sleep(1_000);
    await server.restart();
    await juliet.again();
    const fates = await flooded;
    await untilReady(gateway, true);
    await juliet.settle();
    const tally = new Tally(fates, juliet);
    table.row([
      "SIP → XMPP, the server restarts",
      fates.length,
      `${tally.acknowledged.length} + ${tally.statuses()}`,
      tally.outOfOrder,
      tally.lost.length,
      `${tally.refusedAndDelivered} refused, yet delivered`,
    ]);
    expect(tally.lost).toHaveLength(0);
    expect(tally.twiceSameId + tally.twiceOtherId).toBe(0);
    expect(tally.outOfOrder).toBe(0);
    expect(tally.acknowledged.length + tally.refused.length).toBe(500);
    expect(tally.refused.filter(({ outcome }) => outcome.status === 408)).toHaveLength(0);
    expect(tally.withoutRetryAfter).toBe(0);
  });

  test("SIGTERM waits for the proofs under way: nobody is refused what has been delivered", async () => {
    const running = await startRig();
    rig = running;
    const { phone, sip, juliet, gateway } = running;
    const flooded = flood(phone, sip, { count: 600 });
    await sleep(1_500);
    const code = await gateway.stop();
    const last = gateway.lines().findLast((line) => line.event === "gateway stopped");
    await gateway.start();
    const fates = await flooded;
    await juliet.settle();
    const tally = new Tally(fates, juliet);
    const { sipOpen, stanzasUnproven } = last ?? {};
    table.row([
      "SIGTERM, SIP → XMPP alone",
      fates.length,
      `${tally.acknowledged.length} + ${tally.statuses()}`,
      tally.outOfOrder,
      tally.lost.length,
      `exit ${code}; open ${sipOpen}, unproven ${stanzasUnproven}; ${tally.refusedAndDelivered} refused, yet delivered`,
    ]);
    expect(code).toBe(0);
    expect(last).toMatchObject({ sipOpen: 0, stanzasUnproven: 0 });
    expect(tally.lost).toHaveLength(0);
    expect(tally.refusedAndDelivered).toBe(0);
    expect(tally.twiceSameId + tally.twiceOtherId).toBe(0);
  });

  test("SIGTERM in the middle of traffic answers what is in flight and forgets nothing", async () => {
    const running = await startRig();
    rig = running;
    const { phone, sip, juliet, gateway } = running;
    phone.answer = () => undefined; // what comes from XMPP is under way when the stop comes
    const flooded = flood(phone, sip, { count: 600 });
    const writing = write(juliet, { count: 600, pairs: 50, label: "to-sip" });
    await sleep(1_200);
    const code = await gateway.stop();
    const last = gateway.lines().findLast((line) => line.event === "gateway stopped");
    phone.answer = () => 200;
    await gateway.start();
    const fates = await flooded;
    const written = await writing;
    await untilDone(gateway, juliet);
    const tally = new Tally(fates, juliet);
    const account = new Account(written, juliet, [phone], running.recording);
    const { sipOpen, stanzasUnproven, journalled } = last ?? {};
    table.row([
      "SIGTERM, SIP → XMPP",
      fates.length,
      `${tally.acknowledged.length} + ${tally.statuses()}`,
      tally.outOfOrder,
      tally.lost.length,
      `exit ${code}; open SIP requests ${sipOpen}, unproven stanzas ${stanzasUnproven}`,
    ]);
    table.row([
      "SIGTERM, XMPP → SIP",
      written.length,
      `${account.delivered} + ${account.conditions}`,
      account.outOfOrder,
      account.lost.length,
      `in the journal ${journalled}; phone absorbed ${phone.repeats} repeats`,
    ]);
    expect(code).toBe(0);
    expect(last).toMatchObject({
      sipOpen: expect.any(Number),
      stanzasUnproven: 0,
      journalled: expect.any(Number),
    });
    expect(tally.lost).toHaveLength(0);
    expect(tally.twiceOtherId).toBe(0);
    expect(tally.refused.filter(({ outcome }) => outcome.status === 408)).toHaveLength(0);
    expect(account.lost).toHaveLength(0);
    expect(account.twiceOtherRequest).toBe(0);
  });
});

/** Each way. */
const RATE = 300;
