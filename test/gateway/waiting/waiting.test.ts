/** Messages that wait, through the whole gateway. XEP-0160. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SipMessageOut } from "../../../src/core/effect";
import type { WaitingOptions } from "../../../src/gateway/waiting/options";
import { openStore } from "../../../src/store/sqlite-store";
import { ANSWERED, type Stage, type StageOptions, setStage } from "../fake-sides";
import { FakeDevices } from "./devices";

const ORCHARD = "romeo@sip.example/orchard";
const STREET = "romeo@sip.example/street";

let devices: FakeDevices;
let stage: Stage;

async function begin(options: Partial<WaitingOptions> = {}, more: StageOptions = {}): Promise<void> {
  devices = new FakeDevices();
  stage = await setStage({ outcomes: [phone], waiting: { devices, options }, ...more });
}

/** The registrar: 480 with no device; a device answers 200 unless a test says otherwise. */
let answer: (request: SipMessageOut) => number;
function phone(request: SipMessageOut) {
  if (request.toUri.includes(";gr=")) return ANSWERED(answer(request))();
  const person = request.toUri.replace("sip:", "");
  return ANSWERED(devices.devicesOf(person).length === 0 ? 480 : 200)();
}

beforeEach(() => {
  answer = () => 200;
});
afterEach(async () => {
  await stage.gateway.stop();
});

const say = (text: string, more = "", attrs = "type='chat'", from = "juliet@xmpp.example/b"): void =>
  stage.fromXmpp(
    `<message from='${from}' to='romeo@sip.example' id='m-${text}' ${attrs}><body>${text}</body>${more}</message>`,
  );

/** Texts that went to devices, as "device text". */
const delivered = (): string[] =>
  stage.requests
    .filter(({ toUri }) => toUri.includes(";gr="))
    .map(({ toUri, body }) => `${toUri.split(";gr=")[1]} ${Buffer.from(body).toString()}`);

const waiting = (): number | undefined => stage.gateway.state().waiting;

describe("a message to a person with no device", () => {
  test("is kept, and its sender hears of no error", async () => {
    await begin();
    say("one");
    await stage.quiet();
    expect(stage.stanzas).toEqual([]);
    expect(stage.gateway.state()).toMatchObject({ waiting: 1, journal: 0, queued: 0 });
  });

  test("goes to the next device that registers, with its own time, in order, and is then gone", async () => {
    await begin();
    say("one");
    await stage.quiet();
    await stage.pass(5_000);
    say("two");
    await stage.quiet();
    devices.register(ORCHARD);
    await stage.quiet();
    expect(delivered()).toEqual(["orchard one", "orchard two"]);
    const dates = stage.requests
      .slice(-2)
      .map(({ headers }) => headers.find(([name]) => name === "Date")?.[1]);
    expect(dates).toEqual(["Thu, 01 Jan 1970 00:16:40 GMT", "Thu, 01 Jan 1970 00:16:45 GMT"]);
    await stage.pass(61_000);
    expect(waiting()).toBe(0);
    expect(stage.stanzas).toEqual([]);
  });

  test("goes once to each of two devices, also when one registers twice", async () => {
    await begin();
    say("one");
    say("two");
    await stage.quiet();
    devices.register(ORCHARD);
    devices.register(STREET);
    devices.register(ORCHARD);
    await stage.quiet();
    devices.register(STREET);
    await stage.quiet();
    expect(delivered().sort()).toEqual(["orchard one", "orchard two", "street one", "street two"]);
  });

  test("does not go to a device that registers long after another one got it", async () => {
    await begin();
    say("one");
    await stage.quiet();
    devices.register(ORCHARD);
    await stage.quiet();
    await stage.pass(61_000);
    devices.register(STREET);
    await stage.quiet();
    expect(delivered()).toEqual(["orchard one"]);
  });

  test("is not overtaken by one that comes while it is being delivered", async () => {
    await begin();
    say("one");
    await stage.quiet();
    let release = (): void => undefined;
    stage.outcomes = [
      (request) =>
        request.toUri.includes(";gr=") && Buffer.from(request.body).toString() === "one"
          ? new Promise((resolve) => {
              release = () => resolve(ANSWERED(200)());
            })
          : phone(request),
    ];
    devices.register(ORCHARD);
    await stage.quiet();
    say("two");
    await stage.quiet();
    release();
    await stage.quiet();
    expect(delivered()).toEqual(["orchard one", "orchard two"]);
  });

  test("is told of by a receipt when the first device has it, once", async () => {
    await begin();
    say("one", "<request xmlns='urn:xmpp:receipts'/>");
    await stage.quiet();
    devices.register(ORCHARD);
    devices.register(STREET);
    await stage.quiet();
    const receipts = stage.stanzas.filter((stanza) => stanza.includes("received"));
    expect(receipts).toHaveLength(1);
    expect(receipts[0]).toContain("id='m-one'");
  });
});

describe("what does not wait", () => {
  const error = /type='error'.*recipient-unavailable/;

  test("a message whose sender wants nobody to store it (XEP-0334)", async () => {
    await begin();
    say("one", "<no-store xmlns='urn:xmpp:hints'/>");
    await stage.quiet();
    expect(waiting()).toBe(0);
    expect(stage.stanzas.join("")).toMatch(error);
  });

  test("one for a domain whose switch is off", async () => {
    await begin({ domains: [] });
    say("one");
    await stage.quiet();
    expect(waiting()).toBe(0);
    expect(stage.stanzas.join("")).toMatch(error);
  });

  test.each([
    ["messages of one person", { maximumPerPerson: 2 }],
    ["octets of one person", { maximumOctetsPerPerson: 1_010 }],
    ["octets in all", { maximumOctets: 1_010 }],
  ])("one beyond the bound of %s", async (_, options) => {
    await begin(options);
    for (const text of ["one", "two", "three"]) say(text.padEnd(8));
    await stage.quiet();
    expect(waiting()).toBe(2);
    expect(stage.stanzas).toHaveLength(1);
    expect(stage.stanzas[0]).toMatch(error);
    expect(stage.stanzas[0]).toContain("m-three");
  });

  test("one that a person who is there refuses", async () => {
    await begin();
    stage.outcomes = [ANSWERED(403)];
    say("one");
    await stage.quiet();
    expect(waiting()).toBe(0);
    expect(stage.stanzas.join("")).toContain("forbidden");
  });
});

describe("a device that comes and does not take it", () => {
  test("an answer for now keeps it until the device registers again, as a new transaction of the same call", async () => {
    await begin();
    say("one");
    say("two");
    await stage.quiet();
    answer = () => 480;
    devices.register(ORCHARD);
    await stage.quiet();
    expect(delivered()).toEqual(["orchard one"]);
    answer = () => 200;
    devices.register(ORCHARD);
    await stage.quiet();
    expect(delivered()).toEqual(["orchard one", "orchard one", "orchard two"]);
    const [first, second] = stage.requests.filter(({ toUri }) => toUri.includes(";gr="));
    expect(second?.callId).toBe(first?.callId);
    expect([second?.branch === first?.branch, (second?.cseq ?? 0) - (first?.cseq ?? 0)]).toEqual([false, 1]);
  });

  test("silence may mean that it has it: the same branch again, so that it can tell", async () => {
    await begin();
    say("one");
    await stage.quiet();
    stage.outcomes = [ANSWERED(408, { local: true, maybeDelivered: true })];
    devices.register(ORCHARD);
    await stage.quiet();
    stage.outcomes = [phone];
    devices.register(ORCHARD);
    await stage.quiet();
    const [first, second] = stage.requests.filter(({ toUri }) => toUri.includes(";gr="));
    expect([second?.branch, second?.cseq]).toEqual([first?.branch, first?.cseq]);
  });

  test("a refusal for good of the only device is told to the sender", async () => {
    await begin();
    say("one");
    say("two");
    await stage.quiet();
    answer = ({ body }) => (Buffer.from(body).toString() === "one" ? 415 : 200);
    devices.register(ORCHARD);
    await stage.quiet();
    expect(delivered()).toEqual(["orchard one", "orchard two"]);
    expect(stage.stanzas).toHaveLength(1);
    expect(stage.stanzas[0]).toMatch(/m-one.*not-acceptable/);
  });

  test("a phone that takes no CPIM gets the text plain", async () => {
    await begin({}, { switches: { imdn: true } });
    say("one");
    await stage.quiet();
    answer = ({ contentType }) => (contentType === "message/cpim" ? 415 : 200);
    devices.register(ORCHARD);
    await stage.quiet();
    const types = stage.requests.filter(({ toUri }) => toUri.includes(";gr=")).map((one) => one.contentType);
    expect(types).toEqual(["message/cpim", "text/plain;charset=UTF-8"]);
    expect(stage.stanzas).toEqual([]);
  });
});

test("a message for which nobody came is given up, and its sender told", async () => {
  await begin({ lifetimeMs: 3_600_000 });
  say("one");
  await stage.quiet();
  await stage.pass(3_599_000);
  expect(stage.stanzas).toEqual([]);
  await stage.pass(2_000);
  expect(stage.stanzas.join("")).toMatch(/m-one.*recipient-unavailable/);
  expect(waiting()).toBe(0);
  devices.register(ORCHARD);
  await stage.quiet();
  expect(delivered()).toEqual([]);
});

test("what waits is there after a restart, and goes to whoever is registered by then", async () => {
  const migrations = join(__dirname, "../../../migrations");
  const folder = mkdtempSync(join(tmpdir(), "isthmus-waiting-"));
  const file = join(folder, "isthmus.db");
  await begin({}, { store: openStore({ file, migrations }) });
  say("one");
  say("two");
  await stage.quiet();
  await stage.gateway.stop();
  devices.register(ORCHARD);
  stage = await setStage({
    outcomes: [phone],
    waiting: { devices },
    store: openStore({ file, migrations }),
  });
  await stage.quiet();
  expect(delivered()).toEqual(["orchard one", "orchard two"]);
  rmSync(folder, { recursive: true });
});
