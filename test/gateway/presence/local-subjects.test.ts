import type { SipEventInput } from "../../../src/core/input";
import type { PresenceDocument } from "../../../src/core/presence/document";
import { deviceToPresence } from "../../../src/core/presence/to-stanza";
import type { SubscriptionRecord } from "../../../src/core/subscription/record";
import { DEFAULT_LOCAL, type LocalOptions } from "../../../src/gateway/presence/local-options";
import { LocalSubjects } from "../../../src/gateway/presence/local-subjects";
import { createCounters } from "../../../src/runtime/counters";
import {
  bodiless,
  bodyOf,
  device,
  documentOf,
  publishOf,
  readJson,
  SETTINGS,
} from "../../core/publication/fixtures";
import { countedIds } from "../../support/counted-ids";
import { fixedClock } from "../../support/fixed-clock";
import { readList } from "../../support/list-body";
import { nullLog } from "../../support/null-log";
import { fakePublications, fakeSubscriptions } from "./fake-stores";
import { NOW, sipRow, xmppRow } from "./rows";
import { TABLES } from "./tables";

const ROMEO = "romeo@sip.example";
const MERCUTIO = "mercutio@sip.example";
const JULIET = "juliet@xmpp.example";
const ASKS = { from: JULIET, to: ROMEO, resource: "balcony" };

function options(more: Partial<LocalOptions> = {}): LocalOptions {
  return {
    ...DEFAULT_LOCAL,
    publications: { domains: ["sip.example"], settings: SETTINGS, maximumDevices: 10 },
    lists: {
      ...DEFAULT_LOCAL.lists,
      contactLists: ["sip:contacts@sip.example"],
      lists: [
        { uri: "sip:friends@sip.example", owner: "sip:romeo@sip.example", members: [JULIET, MERCUTIO] },
      ],
    },
    ...more,
  };
}

/** The parts together, between stores in memory; what would go out is kept. */
function stage(more: Partial<LocalOptions> = {}) {
  const stanzas: string[] = [];
  const wanted: string[] = [];
  const allowed: string[] = [];
  const seen = new Map<string, PresenceDocument>();
  const subscriptions = fakeSubscriptions();
  const clock = fixedClock(NOW);
  const subjects: LocalSubjects = new LocalSubjects({
    context: { clock, ids: countedIds(), tables: TABLES, log: nullLog(), counters: createCounters() },
    subscriptions,
    store: fakePublications(),
    options: options(more),
    read: readJson,
    writePidf: (document, entity) => `<presence entity='${entity}'>${JSON.stringify(document)}</presence>`,
    deviceStanza: (shown, { person }, from, to) => deviceToPresence(shown, person, from, to, TABLES.presence),
    seen: (watcher, presentity) => seen.get(`${watcher} ${presentity}`),
    send: ({ attrs }) => stanzas.push(`${attrs.type ?? "available"} ${attrs.from} → ${attrs.to}`),
    rowChanged: (key, before, after) => subjects.changed(key, before, after),
    want: (key) => wanted.push(key),
    allow: (watcher, presentity) => allowed.push(`${watcher} ${presentity}`),
  });
  return {
    subjects,
    subscriptions,
    seen,
    clock,
    allowed,
    /** What has gone out since it was asked last. */
    sent: async (): Promise<string[]> => {
      await new Promise((resolve) => setImmediate(resolve));
      return stanzas.splice(0);
    },
    wants: async (): Promise<string[]> => {
      await new Promise((resolve) => setImmediate(resolve));
      return wanted.splice(0);
    },
    /** A row as a machine of the run loop writes it. */
    write(record: SubscriptionRecord, before?: SubscriptionRecord): string {
      const key = subscriptions.put(record);
      subjects.changed(key, before, record);
      return key;
    },
    publish: (document: PresenceDocument, input: Partial<SipEventInput> = {}) =>
      subjects.publish(publishOf({ body: bodyOf(document), ...input })),
  };
}

function subscribeOf(uri: string, more: Partial<SipEventInput> = {}): SipEventInput {
  return publishOf({ method: "SUBSCRIBE", requestUri: uri, ...more });
}

describe("an XMPP user watches a person who publishes here", () => {
  test("auto: he may at once, sees what is published, its changes and its end", async () => {
    const { subjects, sent, publish } = stage();
    const answer = await publish(documentOf(device("phone")));
    expect(subjects.presence.subscription("subscribe", ASKS)).toBe(true);
    expect(await sent()).toEqual([`subscribed ${ROMEO} → ${JULIET}`, `available ${ROMEO}/phone → ${JULIET}`]);
    const ifMatch = answer?.headers[0]?.[1] ?? "";
    await subjects.publish(bodiless({ ifMatch, expires: 0 }));
    expect(await sent()).toContain(`unavailable ${ROMEO}/phone → ${JULIET}`);
  });

  test("a probe is answered to the resource that asked; a stranger's is not", async () => {
    const { subjects, sent, publish } = stage();
    await publish(documentOf(device("phone")));
    expect(subjects.presence.subscription("probe", ASKS)).toBe(true);
    expect(await sent()).toEqual([]);
    subjects.presence.subscription("subscribe", ASKS);
    await sent();
    subjects.presence.subscription("probe", ASKS);
    expect(await sent()).toEqual([`available ${ROMEO}/phone → ${JULIET}/balcony`]);
  });

  test("unsubscribe takes everything back", async () => {
    const { subjects, subscriptions, sent, publish } = stage();
    await publish(documentOf(device("phone")));
    subjects.presence.subscription("subscribe", ASKS);
    await sent();
    subjects.presence.subscription("unsubscribe", ASKS);
    expect(await sent()).toEqual([
      `unavailable ${ROMEO}/phone → ${JULIET}`,
      `unsubscribed ${ROMEO} → ${JULIET}`,
    ]);
    expect(subscriptions.count()).toBe(0);
  });

  test("of others it says nothing: they are not served here", async () => {
    const { subjects, sent } = stage();
    expect(subjects.presence.subscription("subscribe", { ...ASKS, to: "romeo@other.example" })).toBe(false);
    expect(await sent()).toEqual([]);
  });

  test("a hundred watchers are all told of one change, and nobody else", async () => {
    const { subscriptions, sent, publish } = stage();
    for (let n = 0; n < 100; n += 1) subscriptions.put(xmppRow(`user${n}@xmpp.example`, ROMEO));
    subscriptions.put(xmppRow("other@xmpp.example", MERCUTIO));
    await publish(documentOf(device("phone")));
    const told = await sent();
    expect(new Set(told).size).toBe(100);
    expect(told.join()).not.toContain("other@");
  });

  test("what expires is told like what is removed", async () => {
    const { subjects, sent, publish, clock } = stage();
    await publish(documentOf(device("phone")));
    subjects.presence.subscription("subscribe", ASKS);
    await sent();
    clock.advance(600_000);
    await subjects.publications.expire(clock.now());
    expect(await sent()).toContain(`unavailable ${ROMEO}/phone → ${JULIET}`);
  });

  test("after a restart he sees what is true now", async () => {
    const { subjects, subscriptions, sent, publish } = stage();
    const row = xmppRow(JULIET, ROMEO, { shown: ["old"] });
    await publish(documentOf(device("phone")));
    subscriptions.put(row);
    expect(subjects.presence.isLocal(row)).toBe(true);
    await subjects.presence.resume(row);
    expect(await sent()).toEqual([
      `unavailable ${ROMEO}/old → ${JULIET}`,
      `available ${ROMEO}/phone → ${JULIET}`,
    ]);
  });
});

describe("approval by asking", () => {
  const ASK = { approval: "ask" } as const;

  test("he waits, sees nothing, and is let in when the person watches him", async () => {
    const { subjects, allowed, sent, publish, write } = stage(ASK);
    await publish(documentOf(device("phone")));
    subjects.presence.subscription("subscribe", ASKS);
    subjects.presence.subscription("probe", ASKS);
    expect(await sent()).toEqual([]);
    write(sipRow(ROMEO, JULIET));
    expect(await sent()).toEqual([`subscribed ${ROMEO} → ${JULIET}`, `available ${ROMEO}/phone → ${JULIET}`]);
    expect(allowed).toEqual([`${JULIET} ${ROMEO}`]);
  });

  test("a fetch lets nobody in", async () => {
    const { subjects, sent, write } = stage(ASK);
    subjects.presence.subscription("subscribe", ASKS);
    write(sipRow(ROMEO, JULIET, { reason: "timeout" }));
    expect(await sent()).toEqual([]);
  });

  test("whoever is watched already is let in at once", async () => {
    const { subjects, subscriptions, sent } = stage(ASK);
    subscriptions.put(sipRow(ROMEO, JULIET));
    subjects.presence.subscription("subscribe", ASKS);
    expect(await sent()).toContain(`subscribed ${ROMEO} → ${JULIET}`);
  });

  test("the operator lets him in, once, or turns him away", async () => {
    const { subjects, sent } = stage(ASK);
    expect(await subjects.presence.approve(JULIET, ROMEO)).toBe(false);
    subjects.presence.subscription("subscribe", ASKS);
    await sent();
    expect(await subjects.presence.approve(JULIET, ROMEO)).toBe(true);
    expect(await subjects.presence.approve(JULIET, ROMEO)).toBe(false);
    await sent();
    expect(await subjects.presence.reject(JULIET, ROMEO)).toBe(true);
    expect(await sent()).toEqual([`unsubscribed ${ROMEO} → ${JULIET}`]);
  });

  test("a SIP watcher waits too, but never for himself", () => {
    const { subjects, subscriptions } = stage(ASK);
    expect(subjects.watched(subscribeOf("sip:romeo@sip.example"), MERCUTIO)).toMatchObject({
      approved: false,
    });
    expect(subjects.watched(subscribeOf("sip:romeo@sip.example"), ROMEO)).toMatchObject({ approved: true });
    subscriptions.put(sipRow(ROMEO, MERCUTIO));
    expect(subjects.watched(subscribeOf("sip:romeo@sip.example"), MERCUTIO)).toMatchObject({
      approved: true,
    });
  });
});

describe("what a SUBSCRIBE is for", () => {
  test("a person who publishes here, a list, one's own watchers, or none of these", () => {
    const { subjects } = stage();
    const supported = ["eventlist"];
    const event = { package: "presence.winfo", parameters: new Map<string, string>() };
    const of = (uri: string, more = {}) => subjects.watched(subscribeOf(uri, more), ROMEO);
    expect(of("sip:mercutio@sip.example")).toEqual({
      what: "presence",
      watcher: ROMEO,
      presentity: MERCUTIO,
      approved: true,
    });
    expect(of("sip:friends@sip.example", { supported })).toMatchObject({ what: "list" });
    expect(of("sip:contacts@sip.example", { supported })).toMatchObject({ what: "list" });
    expect(of("sip:romeo@sip.example", { event })).toMatchObject({ what: "winfo" });
    expect(of("sip:mercutio@sip.example", { event })).toMatchObject({ sipStatus: 403 });
    expect(of("sip:juliet@xmpp.example")).toBeUndefined();
    expect(of("sip:romeo@other.example")).toBeUndefined();
  });

  test("SIP watchers of a person want a NOTIFY when she publishes", async () => {
    const { subscriptions, wants, publish } = stage();
    const key = subscriptions.put(sipRow(MERCUTIO, ROMEO));
    subscriptions.put(sipRow("paris@sip.example", ROMEO, { state: "pending" }));
    await publish(documentOf(device("phone")));
    expect(await wants()).toEqual([key]);
  });
});

describe("a list", () => {
  const LIST = sipRow(ROMEO, "friends@sip.example", { what: "list" });

  test("asks after those whom it does not know, and tells what they answer", async () => {
    const { subjects, seen, sent, wants, write } = stage();
    const key = write(LIST);
    // Mercutio publishes here: nobody is to be asked.
    expect(await sent()).toEqual([`subscribe ${ROMEO} → ${JULIET}`]);
    expect(subjects.headersOf("list")).toEqual([["Require", "eventlist"]]);
    const first = subjects.body(key, LIST, 1)!;
    expect(readList(first.contentType, first.body)).toMatchObject({
      version: 0,
      full: true,
      resources: [{ state: "pending" }, { uri: "sip:mercutio@sip.example", state: "active" }],
    });
    seen.set(`${ROMEO} ${JULIET}`, documentOf(device("balcony")));
    subjects.listed(ROMEO, JULIET, "active");
    expect(await wants()).toEqual([key]);
    const second = subjects.body(key, LIST, 2)!;
    expect(readList(second.contentType, second.body)).toMatchObject({
      version: 1,
      full: false,
      resources: [{ uri: "sip:juliet@xmpp.example", state: "active" }],
    });
  });

  test("follows those who publish here", async () => {
    const { subjects, wants, publish, write } = stage();
    const key = write(LIST);
    subjects.body(key, LIST, 1);
    await publish(documentOf(device("phone")), {
      requestUri: "sip:mercutio@sip.example",
      fromUri: "sip:mercutio@sip.example",
    });
    expect(await wants()).toEqual([key]);
    const { contentType, body } = subjects.body(key, LIST, 2)!;
    expect(readList(contentType, body).resources).toMatchObject([{ uri: "sip:mercutio@sip.example" }]);
  });

  test("is taken up after a restart with the first NOTIFY, and probes instead of asking", async () => {
    const { subjects, subscriptions, sent } = stage();
    const key = subscriptions.put(LIST);
    const { contentType, body } = subjects.body(key, LIST, 9)!;
    expect(readList(contentType, body)).toMatchObject({ full: true, version: 9 });
    expect(await sent()).toEqual([`probe ${ROMEO} → ${JULIET}`]);
  });

  test("tells everything after a SUBSCRIBE in its dialog, and after a NOTIFY that failed", () => {
    const { subjects, write } = stage();
    const key = write(LIST);
    const isFull = (cseq: number): boolean => {
      const { contentType, body } = subjects.body(key, LIST, cseq)!;
      return readList(contentType, body).full;
    };
    expect([isFull(1), isFull(2)]).toEqual([true, false]);
    write({ ...LIST, dialog: { ...LIST.dialog, remoteCseq: 2 } }, LIST);
    expect([isFull(3), isFull(4)]).toEqual([true, false]);
    subjects.notifyFailed(key);
    expect(isFull(5)).toBe(true);
  });

  test("is forgotten with its row", () => {
    const { subjects, subscriptions, write } = stage();
    const key = write(LIST);
    subscriptions.remove(key);
    subjects.changed(key, LIST, undefined);
    expect(subjects.lists.size).toBe(0);
  });

  test("of one's own contacts grows with one's subscriptions", async () => {
    const { subjects, wants, write } = stage();
    const own = sipRow(ROMEO, "contacts@sip.example", { what: "list" });
    const key = write(own);
    subjects.body(key, own, 1);
    write(sipRow(ROMEO, JULIET));
    expect(await wants()).toEqual([key]);
  });
});

describe("watcher information", () => {
  test("tells who waits, and what has become of it", async () => {
    const { subjects, sent, wants, write } = stage({ approval: "ask" });
    const winfo = sipRow(ROMEO, ROMEO, { what: "winfo" });
    const key = write(winfo);
    const text = (cseq: number) => new TextDecoder().decode(subjects.body(key, winfo, cseq)?.body);
    expect(text(1)).toContain("state='full'");
    subjects.presence.subscription("subscribe", ASKS);
    await sent();
    expect(await wants()).toEqual([key]);
    expect(text(2)).toMatch(/status='pending' event='subscribe'>sip:juliet@xmpp.example</);
    await subjects.presence.approve(JULIET, ROMEO);
    expect(await wants()).toEqual([key]);
    expect(text(3)).toMatch(/status='active' event='approved'/);
    await subjects.presence.reject(JULIET, ROMEO);
    expect(text(4)).toMatch(/status='terminated'/);
  });
});

test("a body is asked for lists and watcher information only", () => {
  const { subjects, write } = stage();
  const row = sipRow(ROMEO, JULIET);
  expect(subjects.body(write(row), row, 1)).toBeUndefined();
  expect(subjects.headersOf("presence")).toEqual([]);
});
