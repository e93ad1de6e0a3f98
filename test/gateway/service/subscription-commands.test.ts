/** Commands about who watches whom, on a real store in memory. */

import { join } from "node:path";
import { recordKey, type SubscriptionRecord } from "../../../src/core/subscription/record";
import { type OpenStore, openStore } from "../../../src/store/sqlite-store";
import { nthWatcher, SIP_WATCHER, XMPP_WATCHER } from "../../store/records";
import { CommandClient } from "./command-client";
import { ADMIN, setStage } from "./stage";

const MIGRATIONS = join(__dirname, "../../../migrations");

let store: OpenStore;
beforeEach(() => {
  store = openStore({ file: ":memory:", migrations: MIGRATIONS });
});
afterEach(() => store.close());

async function put(...records: readonly SubscriptionRecord[]): Promise<void> {
  await Promise.all(
    records.map((record) => store.subscriptions.step(recordKey(record), () => ({ record, effects: [] }))),
  );
}

const stage = (more = {}) => setStage({ subscriptions: store.subscriptions, ...more });
const client = (node: string, from?: string, more = {}) => new CommandClient(stage(more), node, from);

describe("my SIP contacts", () => {
  test.each([
    [{ state: "requesting" }, "asked; the SIP side has not answered yet"],
    [{ state: "pending" }, "asked; your contact has not decided yet"],
    [{ state: "active", authorized: true, shown: ["desk", "cell"] }, "agreed; online with 2 devices"],
    [{ state: "active", authorized: true, shown: ["desk"] }, "agreed; online with 1 device"],
    [{ state: "active", authorized: true }, "agreed; offline"],
    [{ state: "dormant", authorized: true }, "agreed; asleep while you are offline"],
    [{ state: "retrying", authorized: true }, "agreed; the SIP side does not answer now and is tried again"],
    [{ state: "retrying" }, "asked; the SIP side does not answer now and is tried again"],
    [{ state: "cancelling" }, "you do not watch any more; the SIP side is being told"],
  ] as const)("%j: %s", async (more, expected) => {
    await put({ ...XMPP_WATCHER, ...more });
    const { status, rows } = await client("contacts").step();
    expect(status).toBe("completed");
    expect(rows).toEqual([["romeo@sip.example", "sip:romeo@sip.example", expected]]);
  });

  test("nobody, and nobody else's", async () => {
    await put({ ...XMPP_WATCHER, watcher: "nurse@xmpp.example" });
    expect((await client("contacts").step()).notes).toEqual(["info: You watch nobody on SIP."]);
  });

  test("more than fit are said to be more", async () => {
    await put(
      ...Array.from({ length: 310 }, (_, n) => ({ ...XMPP_WATCHER, presentity: `romeo${n}@sip.example` })),
    );
    const { rows, notes } = await client("contacts").step();
    expect(rows).toHaveLength(300);
    expect(notes).toEqual(["info: These are the first 300; there are more."]);
  });
});

describe("who watches me", () => {
  test("a watcher with several phones is one; lists and winfo are nobody's business", async () => {
    const dialog = (callId: string) => ({ dialog: { ...SIP_WATCHER.dialog, callId } });
    await put(
      SIP_WATCHER,
      { ...SIP_WATCHER, ...dialog("2") },
      { ...SIP_WATCHER, ...dialog("3"), watcher: "tybalt@sip.example", state: "pending" },
      { ...SIP_WATCHER, ...dialog("4"), watcher: "paris@sip.example", what: "winfo" },
    );
    const { rows } = await client("watchers").step();
    expect([...rows].sort()).toEqual([
      ["romeo@sip.example", "sip:romeo@sip.example", "sees you, with 2 devices"],
      ["tybalt@sip.example", "sip:tybalt@sip.example", "waits for your approval"],
    ]);
  });

  test("nobody", async () => {
    expect((await client("watchers").step()).notes).toEqual(["info: Nobody on SIP watches you."]);
  });
});

describe("live subscriptions, for administrators", () => {
  const list = () => client("admin#subscriptions", ADMIN);

  beforeEach(() => put(...Array.from({ length: 60 }, (_, n) => nthWatcher(n).record), XMPP_WATCHER));

  test("page by page, forward and back", async () => {
    const command = list();
    expect((await command.step()).actions).toEqual(["next", "next"]);
    const first = await command.step("next", { whom: "" });
    expect(first.actions).toEqual(["next", "prev", "next", "complete"]);
    expect(first.instructions).toBe("61 in all.");
    const second = await command.step("next");
    const third = await command.step("execute");
    expect([first, second, third].map(({ fixed }) => fixed.length)).toEqual([25, 25, 11]);
    expect(third.actions).toEqual(["complete", "prev", "complete"]);
    const all = [first, second, third].flatMap(({ fixed }) => fixed);
    expect(new Set(all).size).toBe(61);
    expect(all.some((line) => line.startsWith("juliet@xmpp.example → romeo@sip.example: requesting"))).toBe(
      true,
    );
    expect((await command.step("prev")).fixed).toEqual(second.fixed);
    expect((await command.step("complete")).status).toBe("completed");
  });

  test.each([
    ["a person who watches", "juliet@xmpp.example", 25],
    ["a person by the SIP address", "sip:user7@sip.example", 1],
    ["a domain", "sip.example", 25],
  ])("of %s", async (_, whom, expected) => {
    const command = list();
    await command.step();
    expect((await command.step("next", { whom })).fixed).toHaveLength(expected);
  });

  test("of nobody, and of what is no address", async () => {
    const command = list();
    await command.step();
    expect((await command.step("next", { whom: "a b@/" })).notes).toEqual([
      "error: This is neither an address nor a domain.",
    ]);
    expect((await command.step("next", { whom: "nobody@xmpp.example" })).notes).toEqual([
      "info: There are none.",
    ]);
  });

  test("a domain with few among many is sought in bounded steps", async () => {
    await put(...Array.from({ length: 1_200 }, (_, n) => nthWatcher(n + 100).record));
    const command = list();
    await command.step();
    const page = await command.step("next", { whom: "nobody.example" });
    expect(page.fixed).toEqual(["None among those that were looked through; go on for more."]);
    expect((await command.step("next")).notes).toEqual(["info: There are no more."]);
  });
});

describe("dropping a subscription, for administrators", () => {
  test("the chosen ones are dropped, and no others can be chosen", async () => {
    const dropped: string[] = [];
    await put(XMPP_WATCHER, SIP_WATCHER);
    const command = client("admin#drop-subscription", ADMIN, {
      drop: (key: string) => void dropped.push(key),
    });
    await command.step();
    const { choices } = await command.step("next", { whom: "romeo@sip.example" });
    expect(Object.keys(choices).sort()).toEqual([recordKey(SIP_WATCHER), recordKey(XMPP_WATCHER)].sort());
    expect((await command.step("complete", { keys: ["x a b"] })).notes[0]).toMatch(/^error: /);
    expect((await command.step("complete", { keys: [recordKey(XMPP_WATCHER)] })).notes).toEqual([
      "info: 1 subscription is being dropped.",
    ]);
    expect(dropped).toEqual([recordKey(XMPP_WATCHER)]);
  });

  test("many are chosen from page by page, and turning a page drops nothing", async () => {
    const dropped: string[] = [];
    await put(...Array.from({ length: 30 }, (_, n) => nthWatcher(n).record));
    const command = client("admin#drop-subscription", ADMIN, {
      drop: (key: string) => void dropped.push(key),
    });
    await command.step();
    const first = await command.step("next", { whom: "juliet@xmpp.example" });
    const [key = ""] = Object.keys(first.choices);
    expect(first.actions).toEqual(["complete", "prev", "next", "complete"]);
    const second = await command.step("next", { keys: [key] });
    expect(Object.keys(second.choices)).toHaveLength(5);
    expect((await command.step("complete", {})).notes).toEqual(["info: Nothing was dropped."]);
    expect(dropped).toEqual([]);
  });

  test("nobody's", async () => {
    const command = client("admin#drop-subscription", ADMIN, { drop: () => undefined });
    await command.step();
    expect((await command.step("next", { whom: "nobody@sip.example" })).notes).toEqual([
      "error: No subscription fits.",
    ]);
  });

  test("where nothing can drop there is no such command", () =>
    expect(client("admin#drop-subscription", ADMIN).step()).rejects.toThrow("item-not-found"));
});

test("counts, for administrators", async () => {
  await put(XMPP_WATCHER);
  const { rows } = await client("admin#counts", ADMIN, { figures: () => ({ journal: 3 }) }).step();
  expect(rows.slice(0, 2)).toEqual([
    ["subscriptions", "1"],
    ["journal", "3"],
  ]);
});

describe("reload, for administrators", () => {
  test("says that a restart is needed where nothing reloads", async () => {
    expect((await client("admin#reload", ADMIN).step()).notes).toEqual([
      "warn: A change of the configuration needs a restart of the gateway.",
    ]);
  });

  test.each([
    [async () => "Read anew.", "info: Read anew."],
    [
      async () => Promise.reject(new Error("sip.listen: at least one listener")),
      "error: sip.listen: at least one listener",
    ],
  ])("asks first, then says how it went", async (reload, expected) => {
    const command = client("admin#reload", ADMIN, { reload });
    expect((await command.step()).status).toBe("executing");
    expect((await command.step("complete")).notes).toEqual([expected]);
  });
});

test.each(["admin#subscriptions", "admin#drop-subscription", "admin#counts", "admin#reload"])(
  "%s is for nobody else",
  (node) =>
    expect(client(node, undefined, { drop: () => undefined }).step()).rejects.toThrow("cancel forbidden"),
);
