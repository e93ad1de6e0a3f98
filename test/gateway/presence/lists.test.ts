import type { SipEventInput } from "../../../src/core/input";
import type { PresenceDocument } from "../../../src/core/presence/document";
import { ListBook } from "../../../src/gateway/presence/lists";
import type { ListOptions } from "../../../src/gateway/presence/local-options";
import { createCounters } from "../../../src/runtime/counters";
import { device, documentOf, publishOf } from "../../core/publication/fixtures";
import { countedIds } from "../../support/counted-ids";
import { readList } from "../../support/list-body";
import { nullLog } from "../../support/null-log";
import { fakeSubscriptions } from "./fake-stores";
import { sipRow } from "./rows";
import { TABLES } from "./tables";

const ROMEO = "romeo@sip.example";
const JULIET = "juliet@xmpp.example";
const NURSE = "nurse@xmpp.example";
const MERCUTIO = "mercutio@sip.example";
const FRIENDS = "friends@sip.example";
const CONTACTS = "contacts@sip.example";
const OPEN = documentOf(device("phone"));

const OPTIONS: ListOptions = {
  lists: [
    {
      uri: "sip:friends@sip.example",
      name: "Friends",
      owner: "sip:romeo@sip.example",
      members: ["sip:juliet@xmpp.example", NURSE, MERCUTIO],
    },
  ],
  contactLists: ["sip:contacts@sip.example"],
  maximumMembers: 100,
  maximumOctets: 10_000,
};

function stage(more: Partial<ListOptions> = {}) {
  const documents = new Map<string, PresenceDocument>();
  const subscriptions = fakeSubscriptions();
  const log = nullLog();
  const lists = new ListBook({
    context: { ids: countedIds("boundary"), tables: TABLES, counters: createCounters(), log },
    subscriptions,
    options: { ...OPTIONS, ...more },
    documentOf: (watcher, member) => documents.get(`${watcher} ${member}`),
    isLocal: (jid) => jid.endsWith("@sip.example"),
    writePidf: (document, entity) =>
      `<presence entity='${entity}'>${JSON.stringify(document.devices)}</presence>`,
  });
  let cseq = 0;
  return {
    lists,
    documents,
    subscriptions,
    log,
    open(presentity = FRIENDS, watcher = ROMEO, isNew = true) {
      const row = sipRow(watcher, presentity, { what: "list" });
      const key = subscriptions.put(row);
      return { key, row, members: lists.open(key, row, isNew) };
    },
    read(key: string, number = ++cseq) {
      const body = lists.body(key, number);
      if (body === undefined) throw new Error("no body");
      return { ...readList(body.contentType, body.body), more: body.more };
    },
  };
}

function subscribeOf(uri: string, supported: readonly string[] = ["eventlist"]): SipEventInput {
  return publishOf({ method: "SUBSCRIBE", requestUri: uri, supported });
}

const FRIENDS_URI = "sip:friends@sip.example";

test("a list is found by its address, by its owner, by those who support lists (RFC 4662 §4.1, §4.4)", () => {
  const { lists } = stage();
  expect(lists.watched(subscribeOf(FRIENDS_URI), ROMEO)).toEqual({
    what: "list",
    watcher: ROMEO,
    presentity: FRIENDS,
    approved: true,
  });
  expect(lists.watched(subscribeOf(FRIENDS_URI), MERCUTIO)).toMatchObject({ sipStatus: 403 });
  expect(lists.watched(subscribeOf(FRIENDS_URI, ["replaces"]), ROMEO)).toMatchObject({
    sipStatus: 421,
    sipHeaders: [["Require", "eventlist"]],
  });
  expect(lists.watched(subscribeOf("sip:juliet@xmpp.example"), ROMEO)).toBeUndefined();
  expect(lists.watched(subscribeOf("sip:contacts@sip.example"), MERCUTIO)).toMatchObject({
    watcher: MERCUTIO,
  });
});

test("to somebody else the 403 does not depend on what he supports", () => {
  expect(stage().lists.watched(subscribeOf(FRIENDS_URI, []), MERCUTIO)).toMatchObject({ sipStatus: 403 });
});

test("the first NOTIFY tells everything in version 0, the next ones what has changed (RFC 4662 §5.2)", () => {
  const { documents, lists, open, read } = stage();
  documents.set(`${ROMEO} ${JULIET}`, OPEN);
  const { key } = open();
  const first = read(key);
  expect(first).toMatchObject({
    uri: FRIENDS_URI,
    name: "Friends",
    version: 0,
    full: true,
    more: false,
    resources: [
      { uri: "sip:juliet@xmpp.example", state: "active" },
      { uri: "sip:nurse@xmpp.example" },
      { uri: "sip:mercutio@sip.example" },
    ],
  });
  expect(first.resources[0]?.document).toContain("entity='sip:juliet@xmpp.example'");
  expect(first.resources[1]).not.toHaveProperty("state");

  documents.set(`${ROMEO} ${NURSE}`, documentOf(device("kitchen")));
  expect(lists.changed(ROMEO, NURSE)).toEqual([key]);
  const second = read(key);
  expect(second).toMatchObject({ version: 1, full: false, resources: [{ uri: "sip:nurse@xmpp.example" }] });
  expect(second.resources).toHaveLength(1);
  expect(second.resources[0]?.document).toContain("kitchen");
});

test("what changes twice before a NOTIFY goes is told once, as it is then", () => {
  const { documents, lists, open, read } = stage();
  const { key } = open();
  read(key);
  lists.changed(ROMEO, JULIET);
  documents.set(`${ROMEO} ${JULIET}`, documentOf(device("balcony")));
  lists.changed(ROMEO, JULIET);
  expect(read(key).resources).toMatchObject([{ document: expect.stringContaining("balcony") }]);
  expect(read(key).resources).toEqual([]);
});

test("a SUBSCRIBE in the dialog gets everything again, and the version goes on (RFC 4662 §4.5)", () => {
  const { lists, open, read } = stage();
  const { key } = open();
  read(key);
  lists.changed(ROMEO, JULIET);
  lists.tellAll(key);
  expect(read(key)).toMatchObject({ version: 1, full: true, resources: [{}, {}, {}] });
  expect(read(key)).toMatchObject({ version: 2, full: false, resources: [] });
});

test("after a restart: everything, in a version beyond all that an earlier life gave", () => {
  const before = stage();
  const { key } = before.open();
  const versions = [1, 2, 3].map((cseq) => before.read(key, cseq).version);
  const after = stage();
  const again = after.open(FRIENDS, ROMEO, false);
  const first = after.read(again.key, 4);
  expect(first.full).toBe(true);
  expect(first.version).toBeGreaterThan(Math.max(...versions));
  expect(after.read(again.key, 6)).toMatchObject({ version: first.version + 1, full: false });
});

test("who was asked is pending, who refused is terminated, and may agree later (RFC 4662 §5.5)", () => {
  const { documents, lists, open, read } = stage();
  const { key } = open();
  expect(lists.standing(ROMEO, JULIET, "pending")).toEqual([key]);
  lists.standing(ROMEO, NURSE, "rejected");
  expect(read(key).resources).toMatchObject([
    { state: "pending" },
    { state: "terminated", reason: "rejected" },
    {},
  ]);
  documents.set(`${ROMEO} ${JULIET}`, OPEN);
  lists.standing(ROMEO, JULIET, "active");
  expect(read(key).resources).toMatchObject([{ uri: "sip:juliet@xmpp.example", state: "active" }]);
});

test("presence goes to nobody's list but the watcher's (RFC 8048 §8.2)", () => {
  const { documents, lists, open, read } = stage();
  documents.set(`${MERCUTIO} ${JULIET}`, OPEN);
  const { key } = open();
  expect(lists.changed(MERCUTIO, JULIET)).toEqual([]);
  expect(read(key).resources[0]).not.toHaveProperty("state");
});

test("one who is on no list of the watcher concerns no dialog", () => {
  const { lists, open, read } = stage();
  const { key } = open();
  read(key);
  expect(lists.changed(ROMEO, "paris@xmpp.example")).toEqual([]);
});

test("a member who publishes here is on the lists of all who have her", () => {
  const { lists, open } = stage();
  const { key } = open();
  expect(lists.published(MERCUTIO)).toEqual([key]);
  expect(lists.published(JULIET)).toEqual([]);
  lists.close(key);
  expect(lists.published(MERCUTIO)).toEqual([]);
  expect(lists.size).toBe(0);
});

test("a closed list has no body and wants none", () => {
  const { lists, open } = stage();
  const { key } = open();
  lists.close(key);
  expect(lists.body(key, 1)).toBeUndefined();
  expect(lists.changed(ROMEO, JULIET)).toEqual([]);
});

describe("a list of one's own contacts", () => {
  test("holds those whom the watcher watches, once each, and nobody else's", () => {
    const { subscriptions, open } = stage();
    subscriptions.put(sipRow(ROMEO, JULIET));
    subscriptions.put(sipRow(ROMEO, NURSE, { state: "ending" }));
    subscriptions.put(sipRow(ROMEO, "paris@xmpp.example", { reason: "timeout" }));
    subscriptions.put(sipRow(ROMEO, ROMEO, { what: "winfo" }));
    subscriptions.put(sipRow(MERCUTIO, NURSE));
    expect(open(CONTACTS).members).toEqual([{ jid: JULIET, uri: "sip:juliet@xmpp.example" }]);
  });

  test("one more is told by himself, one less by everything anew (RFC 4662 §4.6)", () => {
    const { subscriptions, lists, open, read } = stage();
    const { key } = open(CONTACTS);
    expect(read(key)).toMatchObject({ full: true, resources: [] });
    expect(lists.contactsChanged(ROMEO)).toEqual([]);
    const row = subscriptions.put(sipRow(ROMEO, JULIET));
    expect(lists.contactsChanged(ROMEO)).toEqual([key]);
    expect(read(key)).toMatchObject({ full: false, resources: [{ uri: "sip:juliet@xmpp.example" }] });
    subscriptions.remove(row);
    expect(lists.contactsChanged(ROMEO)).toEqual([key]);
    expect(read(key)).toMatchObject({ full: true, resources: [] });
  });
});

describe("bounds", () => {
  const MANY = Array.from({ length: 300 }, (_, n) => `user${n}@xmpp.example`);
  const LONG = { ...OPTIONS.lists[0]!, members: MANY };

  test("a list that fills more than one NOTIFY comes in several, all of it", () => {
    const { documents, lists, open, read } = stage({
      lists: [LONG],
      maximumMembers: 250,
      maximumOctets: 40_000,
    });
    for (const member of MANY) documents.set(`${ROMEO} ${member}`, documentOf(device("phone")));
    const { key, members } = open();
    expect(members).toHaveLength(250);
    const told = new Set<string>();
    for (let cseq = 1, more = true; more; cseq += 1) {
      const raw = lists.body(key, cseq)!;
      expect(raw.body.length).toBeLessThan(40_000 * 1.1);
      const body = readList(raw.contentType, raw.body);
      expect(body.version).toBe(cseq - 1);
      if (cseq === 1) expect(body).toMatchObject({ full: true, resources: { length: 250 } });
      for (const { uri, state } of body.resources) if (state === "active") told.add(uri);
      more = raw.more;
    }
    expect(told.size).toBe(250);
    expect(read(key, 99).resources).toEqual([]);
  });

  test("one contact always goes, however long his document", () => {
    const { documents, open, read } = stage({ maximumOctets: 10 });
    documents.set(`${ROMEO} ${JULIET}`, OPEN);
    documents.set(`${ROMEO} ${NURSE}`, OPEN);
    const { key } = open();
    expect(read(key)).toMatchObject({ more: true, resources: [{ state: "active" }, {}, {}] });
    expect(read(key).resources).toMatchObject([{ uri: "sip:nurse@xmpp.example", state: "active" }]);
  });
});

test("a list or a member at an address that no rule serves is told in the log and left out", () => {
  const { lists, log } = stage({
    lists: [{ uri: "sip:far@far.example", owner: "sip:romeo@sip.example", members: [] }],
    contactLists: [],
  });
  expect(lists.watched(subscribeOf("sip:far@far.example"), ROMEO)).toBeUndefined();
  expect(log.lines).toMatchObject([{ level: "warn" }]);
});
