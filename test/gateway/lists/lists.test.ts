/** Lists in the way of messages and presence, through the whole gateway. XEP-0191 §3. */

import { join } from "node:path";
import { ListBook } from "../../../src/gateway/lists/list-book";
import type { Clock } from "../../../src/gateway/sides";
import { type OpenStore, openStore } from "../../../src/store/sqlite-store";
import { fixedClock } from "../../support/fixed-clock";
import { nullLog } from "../../support/null-log";
import { type Stage, setStage } from "../fake-sides";
import { type PresenceStage, presenceStage, SUBSCRIBE } from "../presence/stage";

const JULIET = "juliet@xmpp.example";
const ROMEO = "romeo@sip.example";

function book(store: OpenStore, clock: Clock): ListBook {
  return new ListBook({
    store: store.lists,
    clock,
    log: nullLog(),
    subscriptions: store.subscriptions,
    maximumEntries: 3,
  });
}

describe("messages", () => {
  let lists: ListBook;
  let stage: Stage;
  beforeEach(async () => {
    const store = openStore({ file: ":memory:", migrations: join(__dirname, "../../../migrations") });
    lists = book(store, fixedClock());
    stage = await setStage({ store, lists });
  });
  afterEach(() => stage.gateway.stop());

  const write = async (more = "<body>hi</body>"): Promise<void> => {
    stage.fromXmpp(`<message from='${JULIET}/b' to='${ROMEO}' type='chat' id='m1'>${more}</message>`);
    await stage.quiet();
  };

  test("of a blocked XMPP user come back as from somebody who is not there; nothing goes to SIP", async () => {
    await lists.block(ROMEO, JULIET);
    await write();
    expect(stage.requests).toEqual([]);
    expect(stage.stanzas).toHaveLength(1);
    expect(stage.stanzas[0]).toMatch(/type='error'.*type='wait'.*<recipient-unavailable/);
    expect(stage.stanzas[0]).not.toMatch(/block/i);
  });

  test("typing and receipts of a blocked user vanish", async () => {
    await lists.block(ROMEO, JULIET);
    await write("<composing xmlns='http://jabber.org/protocol/chatstates'/>");
    await write("<received xmlns='urn:xmpp:receipts' id='x'/>");
    expect([stage.requests, stage.stanzas]).toEqual([[], []]);
  });

  test("of a blocked SIP user get what an absent user's server would have caused", async () => {
    await lists.block(JULIET, "sip.example");
    const answer = await stage.fromSip();
    expect(stage.stanzas).toEqual([]);
    expect(answer).toMatchObject({ status: 403, reason: "Recipient Unavailable" });
  });

  test("to somebody whom the writer blocks himself are refused, and he is told why", async () => {
    await lists.block(JULIET, ROMEO);
    await write();
    expect(stage.requests).toEqual([]);
    expect(stage.stanzas[0]).toMatch(/<not-acceptable .*<blocked xmlns='urn:xmpp:blocking:errors'/);
    await lists.unblock(JULIET, ROMEO);
    await lists.block(ROMEO, JULIET);
    expect(await stage.fromSip()).toMatchObject({ status: 406, reason: "You have blocked this contact" });
  });

  test("pass again when the block is lifted", async () => {
    await lists.block(ROMEO, JULIET);
    await lists.unblock(ROMEO, JULIET);
    await write();
    expect(stage.requests).toHaveLength(1);
    expect((await stage.fromSip()).status).toBe(202);
  });

  test("pass only from those who are allowed, where the owner wants that", async () => {
    await lists.setOnlyAllowed(ROMEO, true);
    await write();
    expect(stage.requests).toHaveLength(0);
    await lists.allow(ROMEO, JULIET);
    await write();
    expect(stage.requests).toHaveLength(1);
  });
});

describe("the book", () => {
  test("says what is in a list, and refuses more than its bound", async () => {
    const store = openStore({ file: ":memory:", migrations: join(__dirname, "../../../migrations") });
    const lists = book(store, fixedClock());
    await lists.block(ROMEO, "b.example");
    await lists.block(ROMEO, "a.example");
    await lists.allow(ROMEO, "friend@a.example");
    expect(await lists.listsOf(ROMEO)).toEqual({
      allowed: ["friend@a.example"],
      blocked: ["a.example", "b.example"],
      onlyAllowed: false,
    });
    const more = await lists.block(ROMEO, "c.example");
    expect(more.ok).toBe(false);
    expect((await lists.allow(ROMEO, "a.example")).ok).toBe(true);
    expect((await lists.listsOf(ROMEO)).allowed).toEqual(["a.example", "friend@a.example"]);
    store.close();
  });

  test("takes what another process has changed within a second", async () => {
    const store = openStore({ file: ":memory:", migrations: join(__dirname, "../../../migrations") });
    const clock = fixedClock();
    const lists = book(store, clock);
    lists.start();
    expect(lists.mayReach(JULIET, ROMEO)).toBe(true);
    await store.lists.put(ROMEO, "other.example", "block");
    expect(lists.mayReach(JULIET, ROMEO)).toBe(true);
    const changes = [[{ owner: ROMEO, entry: JULIET }], []];
    await store.lists.put(ROMEO, JULIET, "block");
    store.lists.takeChanges = () => changes.shift() ?? [];
    clock.advance(1_000);
    expect(lists.mayReach(JULIET, ROMEO)).toBe(false);
    lists.stop();
    store.close();
  });
});

describe("presence", () => {
  let lists: ListBook;
  let stage: PresenceStage;
  beforeEach(async () => {
    stage = await presenceStage({
      lists: (store, clock) => {
        lists = book(store, clock);
        return lists;
      },
    });
  });
  afterEach(() => stage.stop());

  const text = (): string =>
    stage
      .requests()
      .map(({ headers, body }) => `${JSON.stringify(headers)}${Buffer.from(body).toString()}`)
      .at(-1) ?? "";

  /** Romeo watches Juliet, who is online. */
  async function romeoWatches(): Promise<void> {
    await stage.sip({ transaction: "dialog" });
    await stage.xmpp(`<presence from='${JULIET}' to='${ROMEO}' type='subscribed'/>`);
    await stage.xmpp(`<presence from='${JULIET}/balcony' to='${ROMEO}'/>`);
    await stage.pass(2_000);
  }

  test("a SIP watcher who is blocked sees her go, and come back when the block is lifted", async () => {
    await romeoWatches();
    expect(text()).toContain("<basic>open</basic>");
    await lists.block(JULIET, ROMEO);
    await stage.pass(2_000);
    const gone = text();
    expect(gone).toMatch(/"active;/);
    expect(gone).toContain("<basic>closed</basic>");
    await stage.xmpp(`<presence from='${JULIET}/orchard' to='${ROMEO}'/>`);
    await stage.pass(2_000);
    expect(text()).not.toContain("open");
    await lists.unblock(JULIET, ROMEO);
    await stage.pass(2_000);
    expect(text()).toContain("<basic>open</basic>");
  });

  test("the same by the domain of the watcher and the operator's list", async () => {
    await romeoWatches();
    stage.requests();
    await lists.block("*", "sip.example");
    await stage.pass(2_000);
    expect(text()).toContain("<basic>closed</basic>");
  });

  test("a SIP watcher who is blocked learns of no such person; Juliet is not asked", async () => {
    await lists.block(JULIET, ROMEO);
    expect((await stage.sip({})).status).toBe(200);
    await stage.pass(100);
    expect(stage.stanzas()).toEqual([]);
    expect(text()).toContain("terminated;reason=noresource");
  });

  test("an XMPP watcher who is blocked learns of no such person; no SUBSCRIBE goes out", async () => {
    await lists.block(ROMEO, JULIET);
    await stage.xmpp(`<presence from='${JULIET}' to='${ROMEO}' type='subscribe' id='s'/>`);
    expect(stage.requests()).toEqual([]);
    expect(stage.stanzas()).toEqual([
      expect.stringMatching(/id='s'.*type='error'|type='error'.*item-not-found/),
    ]);
  });

  test("an XMPP watcher who is blocked sees him go, and hears nothing more until the block is lifted", async () => {
    stage.outcomes = [
      () => ({ status: 200, toTag: "romeo-tag", contact: "sip:romeo@192.0.2.7", expires: 3600 }),
    ];
    await stage.xmpp(`<presence from='${JULIET}' to='${ROMEO}' type='subscribe'/>`);
    const [subscribe] = stage.requests();
    const notify = (cseq: number, basic: string) =>
      stage.sip({
        ...SUBSCRIBE,
        method: "NOTIFY",
        fromTag: "romeo-tag",
        toTag: subscribe?.fromTag ?? "",
        callId: subscribe?.callId ?? "",
        cseq,
        subscriptionState: { state: "active" },
        contentType: "application/pidf+xml",
        body: Buffer.from(
          `<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='sip:romeo@sip.example'><tuple id='phone'><status><basic>${basic}</basic></status></tuple></presence>`,
        ),
      });
    await notify(1, "open");
    stage.stanzas();
    await lists.block(ROMEO, JULIET);
    expect(stage.stanzas()).toEqual([expect.stringMatching(/romeo@sip.example\/phone.*unavailable/)]);
    await notify(2, "open");
    await stage.xmpp(`<presence from='${JULIET}/b' to='${ROMEO}' type='probe'/>`);
    expect(stage.stanzas()).toEqual([]);
    await lists.unblock(ROMEO, JULIET);
    expect(stage.stanzas()).toEqual([
      expect.stringMatching(/^<presence from='romeo@sip.example\/phone' to='juliet@xmpp.example'/),
    ]);
  });

  test("who watches me: on both sides, each once", async () => {
    await romeoWatches();
    await stage.sip({ transaction: "second", callId: "call-2" });
    expect(await lists.watchersOf(JULIET)).toEqual([{ watcher: ROMEO, side: "sip", state: "active" }]);
    expect(await lists.watchersOf(ROMEO)).toEqual([]);
  });
});
