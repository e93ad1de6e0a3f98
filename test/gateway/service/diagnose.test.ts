/** What would happen to a message now, and why. */

import type { Lists, ServiceParts, SubscriptionReader } from "../../../src/gateway/service/sides";
import type { Person } from "../../../src/gateway/sides";
import { XMPP_WATCHER } from "../../store/records";
import { CommandClient } from "./command-client";
import { ADMIN, fakeDirectory, JULIET, ROMEO, setStage } from "./stage";

interface Asked {
  readonly parts?: Partial<ServiceParts>;
  readonly people?: readonly Person[];
  readonly state?: "up" | "away";
  readonly from?: string;
  readonly fields?: Readonly<Record<string, string>>;
}

async function diagnosed(
  address: string,
  { parts, people = [ROMEO], state = "up", from, fields }: Asked = {},
) {
  const stage = setStage(parts, {}, fakeDirectory(...people));
  stage.directory.state = state;
  const client = new CommandClient(stage, "diagnose", from ?? JULIET);
  await client.step();
  const { rows, notes } = await client.step("complete", { address, ...fields });
  return { rows: Object.fromEntries(rows) as Record<string, string>, note: notes[0] ?? "" };
}

const devices = (...full: readonly string[]) => ({ serves: () => true, devicesOf: () => full });

test("every rule on the way of a message that goes to a proxy", async () => {
  const { rows, note } = await diagnosed("sip:romeo@sip.example");
  expect(rows).toEqual({
    Sender: "juliet@xmpp.example is sip:juliet@xmpp.example on SIP (rule for xmpp.example)",
    "Read as": "a URI",
    "On XMPP": "romeo@sip.example",
    Rule: "people of sip.example live on SIP and are sip.example on XMPP",
    "On SIP": "sip:romeo@sip.example",
    Directory: "knows this person",
    "Your block list": "says nothing against it",
    "Next hop": "the SIP server called phones",
    "Link to your server": "up",
  });
  expect(note).toBe(
    "info: Nothing here is against a message: it would go to the SIP server called phones; whether a phone is there, only the SIP side knows.",
  );
});

test("a number says how it was read", async () => {
  const { rows } = await diagnosed("+49 (30) 12");
  expect(rows["Read as"]).toBe("the telephone number +493012");
  expect(rows["On SIP"]).toBe("sip:+493012@sip.example;user=phone");
});

test("nobody on SIP", async () => {
  const { rows, note } = await diagnosed("sip:romeo@nowhere.example");
  expect(rows.Address).toMatch(/serves sip\.example, old\.example/);
  expect(note).toBe("error: A message would not arrive: it could not be addressed.");
});

describe("the end of it", () => {
  const lists = { reach: () => "own-block" } as unknown as Lists;
  const seen = { get: () => ({ ...XMPP_WATCHER, authorized: true }) } as unknown as SubscriptionReader;

  const cases: readonly (readonly [string, Asked, RegExp])[] = [
    ["blocked by the sender", { parts: { lists } }, /^error: .* you have blocked/],
    ["no leave", { people: [{ ...ROMEO, isAllowed: false }] }, /^error: .* does not use the service/],
    ["directory away", { state: "away" }, /^warn: .* directory cannot be asked/],
    ["link down", { parts: { isUp: () => false } }, /^warn: .* no answer could come back/],
    [
      "no device, seen by whoever may",
      { parts: { devices: devices(), subscriptions: seen } },
      /^error: .* no device of the contact is registered/,
    ],
    [
      "no device, but it waits",
      { parts: { devices: devices(), subscriptions: seen, waits: () => true } },
      /^info: .* kept until a device/,
    ],
    [
      "devices",
      { parts: { devices: devices("romeo@sip.example/a"), subscriptions: seen } },
      /^info: .* registered devices/,
    ],
  ];
  test.each(cases)("%s", async (_, asked, expected) => {
    expect((await diagnosed("romeo", asked)).note).toMatch(expected);
  });
});

test("whoever may not see the contact learns nothing of his devices", async () => {
  const none = await diagnosed("romeo", { parts: { devices: devices() } });
  const some = await diagnosed("romeo", { parts: { devices: devices("romeo@sip.example/a") } });
  expect(none).toEqual(some);
  const admin = await diagnosed("romeo", { parts: { devices: devices() }, from: ADMIN });
  expect(admin.rows.Devices).toBe("none is registered here now");
});

test.each([
  ["alone", "r.montague@sip.example"],
  ["beside an account on XMPP", "romeo.montague@xmpp.example"],
])("an alias is followed to the address of the person's phone %s", async (_, jid) => {
  const alias = { ...ROMEO, jid, sipUri: "sip:r.montague@sip.example" };
  const stage = setStage({}, {}, fakeDirectory());
  stage.directory.byJid = () => ({ kind: "found", value: alias });
  const client = new CommandClient(stage, "diagnose");
  await client.step();
  const { rows } = await client.step("complete", { address: "romeo" });
  const said = Object.fromEntries(rows) as Record<string, string>;
  expect(said.Directory).toBe("knows this person, as r.montague@sip.example");
  expect(said["On SIP"]).toBe("sip:r.montague@sip.example");
});

test("where exactly requests go is for administrators", async () => {
  const { rows } = await diagnosed("romeo", { from: ADMIN });
  expect(rows["Next hop"]).toBe("the proxy of phones");
});

test("an administrator may ask for somebody else, and nobody else may", async () => {
  const fields = { sender: "mallory@sip.example" };
  const asked = await diagnosed("romeo", { from: ADMIN, fields });
  expect(asked.note).toBe("error: A message would not arrive: the domain of the sender is not served here.");
  expect((await diagnosed("romeo", { fields })).rows.Sender).toMatch(/^juliet@/);
  expect((await diagnosed("romeo", { from: ADMIN, fields: { sender: "@" } })).note).toMatch(/^error: Who/);
});
