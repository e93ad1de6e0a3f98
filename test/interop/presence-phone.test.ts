/** Two phones of the tests against each other: the SIP side as subscriber, notifier and publisher, on real sockets. */

import type { TransportName } from "../../src/sip/transport/transport";
import { freePort, holdAddress } from "../support/ports";
import { PresencePhone } from "../support/presence-phone";

const OPEN = `<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:juliet@sip.test"><tuple id="t"><status><basic>open</basic></status></tuple></presence>`;
const phones: PresencePhone[] = [];

afterEach(async () => {
  await Promise.all(phones.splice(0).map((phone) => phone.close()));
});

async function twoPhones(transport: TransportName = "udp") {
  const places = [];
  for (const user of ["romeo", "juliet"]) {
    const address = await holdAddress();
    places.push({ uri: `sip:${user}@sip.test`, address, port: await freePort(address) });
  }
  const [first, second] = places as [(typeof places)[0], (typeof places)[0]];
  const romeo = await PresencePhone.open({ ...first, gateway: { ...second, transport } });
  phones.push(romeo);
  const juliet = await PresencePhone.open({ ...second, gateway: { ...first, transport } });
  phones.push(juliet);
  return { romeo, juliet };
}

test.each<TransportName>(["udp", "tcp"])("a subscription lives, by %s", async (transport) => {
  const { romeo, juliet } = await twoPhones(transport);
  juliet.onSubscribe = () => ({ notify: { state: "pending" } });
  const watch = await romeo.subscribe(juliet.uri, { expires: 60 });
  expect(watch.outcome).toMatchObject({ status: 200, expires: 60, cseq: 1 });
  expect(watch.outcome.contact).toMatch(/^sip:juliet@127\./);
  expect((await watch.next("pending")).state).toBe("pending");

  const watcher = await juliet.watched();
  expect(await watcher.notify({ state: "active", pidf: OPEN })).toMatchObject({ status: 200 });
  expect(await watch.next("active")).toMatchObject({ state: "active", body: OPEN });

  expect(await watch.refresh(120)).toMatchObject({ status: 200, expires: 120, cseq: 2 });
  expect(watcher.subscribes).toHaveLength(2);
  expect(watcher.subscribes[1]).toMatchObject({ toTag: watcher.tag, expires: 120 });
  await watch.next("after the refresh");

  expect((await watch.unsubscribe()).expires).toBe(0);
  expect(await watch.next("terminated")).toMatchObject({ state: "terminated", reason: "timeout" });
  expect((await watcher.notify({ state: "active" })).status).toBe(200);
});

test("a NOTIFY with many tuples goes by TCP, and arrives whole", async () => {
  const { romeo, juliet } = await twoPhones();
  juliet.document = OPEN.replace("</presence>", `${"<!-- long -->".repeat(1_000)}</presence>`);
  const watch = await romeo.subscribe(juliet.uri);
  expect((await watch.next("long")).body).toBe(juliet.document);
});

test("a phone whose dialog is gone answers 481; one that refuses says so", async () => {
  const { romeo, juliet } = await twoPhones();
  juliet.onSubscribe = () => ({ status: 403 });
  const watch = await romeo.subscribe(juliet.uri);
  expect(watch.outcome).toMatchObject({ status: 403, local: false });
  expect(juliet.watchers).toEqual([]);
  juliet.onSubscribe = () => ({});
  const other = await romeo.subscribe(juliet.uri);
  const watcher = await juliet.watched();
  await romeo.close();
  const back = await PresencePhone.open(romeo.options);
  phones.push(back);
  expect((await watcher.notify({ state: "active" })).status).toBe(481);
  expect(other.notifies).toEqual([]);
});

test("what nobody serves is refused, a line is heard", async () => {
  const { romeo, juliet } = await twoPhones();
  expect((await romeo.publish(OPEN)).status).toBe(405);
  expect((await romeo.say(juliet.uri, "O")).status).toBe(200);
  expect(Buffer.from(juliet.messages[0]?.body ?? []).toString()).toBe("O");
});
