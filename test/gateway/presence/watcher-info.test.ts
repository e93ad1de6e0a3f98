import type { SipEventInput } from "../../../src/core/input";
import { WatcherInfoBook } from "../../../src/gateway/presence/watcher-info";
import { publishOf } from "../../core/publication/fixtures";
import { fixedClock } from "../../support/fixed-clock";
import { parseXml, type Xml } from "../../support/xml";
import { fakeSubscriptions } from "./fake-stores";
import { NOW, sipRow, xmppRow } from "./rows";
import { TABLES } from "./tables";

const ROMEO = "romeo@sip.example";
const JULIET = "juliet@xmpp.example";
const MERCUTIO = "mercutio@sip.example";

type Read = Readonly<Record<string, unknown>> & { readonly id?: string };

function stage(options = {}) {
  const subscriptions = fakeSubscriptions();
  const book = new WatcherInfoBook({
    context: { clock: fixedClock(NOW), tables: TABLES },
    subscriptions,
    serves: (jid) => jid.endsWith("@sip.example"),
    options: { enabled: true, maximumWatchers: 100, watchersAtOnce: 50, ...options },
  });
  const row = sipRow(ROMEO, ROMEO, { what: "winfo" });
  const key = subscriptions.put(row);
  let cseq = 0;
  return {
    book,
    subscriptions,
    key,
    open: (isNew = true) => book.open(key, row, isNew),
    read(number = ++cseq) {
      const body = book.body(key, number);
      if (body === undefined) throw new Error("no body");
      expect(body.contentType).toBe("application/watcherinfo+xml");
      const { attributes, children } = parseXml(new TextDecoder().decode(body.body));
      const list = children[0] as Xml;
      const watchers: Read[] = (list.children as Xml[]).map(({ attributes: one, children: [uri] }) => ({
        uri,
        ...one,
      }));
      return {
        state: attributes.state,
        version: attributes.version,
        resource: list.attributes.resource,
        watchers,
        more: body.more,
      };
    },
  };
}

function subscribeOf(uri: string, packageName = "presence.winfo"): SipEventInput {
  const event = { package: packageName, parameters: new Map<string, string>() };
  return publishOf({ method: "SUBSCRIBE", requestUri: uri, event });
}

test("a person learns of her own watchers, and nobody else does (RFC 3857 §4.6)", () => {
  const { book } = stage();
  expect(book.watched(subscribeOf("sip:romeo@sip.example"), ROMEO)).toEqual({
    what: "winfo",
    watcher: ROMEO,
    presentity: ROMEO,
    approved: true,
  });
  expect(book.watched(subscribeOf("sip:romeo@sip.example"), MERCUTIO)).toMatchObject({ sipStatus: 403 });
  expect(book.watched(subscribeOf("sip:romeo@sip.example", "presence"), ROMEO)).toBeUndefined();
  expect(book.watched(subscribeOf("sip:juliet@xmpp.example"), ROMEO)).toBeUndefined();
});

test("it may be switched off", () => {
  const { book } = stage({ enabled: false });
  expect(book.watched(subscribeOf("sip:romeo@sip.example"), ROMEO)).toBeUndefined();
});

test("the first document has all watchers, those who wait first (RFC 3857 §4.3)", () => {
  const { subscriptions, open, read } = stage();
  subscriptions.put(xmppRow(JULIET, ROMEO));
  subscriptions.put(sipRow(MERCUTIO, ROMEO));
  subscriptions.put(xmppRow("paris@xmpp.example", ROMEO, { state: "pending", authorized: false }));
  subscriptions.put(xmppRow("gone@xmpp.example", ROMEO, { state: "cancelling" }));
  subscriptions.put(xmppRow(JULIET, MERCUTIO));
  open();
  expect(read()).toMatchObject({
    version: "0",
    state: "full",
    resource: "sip:romeo@sip.example",
    watchers: [
      { uri: "sip:paris@xmpp.example", status: "pending", event: "subscribe" },
      { uri: "sip:juliet@xmpp.example", status: "active", event: "approved" },
      { uri: "sip:mercutio@sip.example", status: "active", expiration: "3600" },
    ],
  });
});

test("what happens afterwards is told by itself, under the same id (RFC 3857 §4.7.2, RFC 3858 §4)", () => {
  const { book, key, open, read } = stage();
  open();
  expect(read().watchers).toEqual([]);
  const pending = xmppRow(JULIET, ROMEO, { state: "pending", authorized: false });
  const active = xmppRow(JULIET, ROMEO);
  expect(book.changed(undefined, pending)).toEqual([key]);
  const [first] = read().watchers;
  expect(first).toMatchObject({ uri: "sip:juliet@xmpp.example", status: "pending" });
  expect(book.changed(pending, active)).toEqual([key]);
  expect(read()).toMatchObject({
    version: "2",
    state: "partial",
    watchers: [{ ...first, status: "active", event: "approved" }],
  });
  expect(book.changed(active, undefined)).toEqual([key]);
  expect(read().watchers).toMatchObject([{ id: first?.id, status: "terminated", event: "timeout" }]);
});

test("a watcher who unsubscribes is over at once, and once only", () => {
  const { book, open, read } = stage();
  open();
  read();
  const cancelling = xmppRow(JULIET, ROMEO, { state: "cancelling" });
  expect(book.changed(xmppRow(JULIET, ROMEO), cancelling)).toHaveLength(1);
  expect(read().watchers).toMatchObject([{ status: "terminated" }]);
  expect(book.changed(cancelling, undefined)).toEqual([]);
});

test("what no watcher can see is no news: a refresh, another dialog's list, another person", () => {
  const { book, open, read } = stage();
  open();
  read();
  const row = sipRow(MERCUTIO, ROMEO);
  expect(book.changed(row, { ...row, expiresAt: NOW + 9_000_000 })).toEqual([]);
  expect(book.changed(undefined, sipRow(MERCUTIO, ROMEO, { what: "list" }))).toEqual([]);
  expect(book.changed(undefined, xmppRow(JULIET, MERCUTIO))).toEqual([]);
});

test("a fetch comes and goes unseen (RFC 3857 §4.7.2)", () => {
  const { book, open, read } = stage();
  open();
  read();
  const fetch = sipRow(MERCUTIO, ROMEO, { reason: "timeout" });
  const ending = { ...fetch, state: "ending" as const };
  expect(book.changed(undefined, fetch)).toEqual([]);
  expect(book.changed(fetch, ending)).toEqual([]);
  expect(book.changed(ending, undefined)).toEqual([]);
});

test("ids are tokens and give no dialog away", () => {
  const { book, subscriptions, open, read } = stage();
  const row = sipRow(MERCUTIO, ROMEO);
  subscriptions.put(row);
  open();
  const [watcher] = read().watchers;
  expect(watcher?.id).toMatch(/^[A-Za-z0-9_-]{16}$/);
  expect(JSON.stringify(watcher)).not.toContain(row.dialog.callId);
  expect(book.changed(undefined, { ...row, dialog: { ...row.dialog, callId: "another" } })).toHaveLength(1);
  expect(read().watchers[0]?.id).not.toBe(watcher?.id);
});

test("a SUBSCRIBE in the dialog, or a restart, brings everything again in a later version", () => {
  const first = stage();
  first.open();
  first.read(1);
  first.book.tellAll(first.key);
  expect(first.read(2)).toMatchObject({ version: "1", state: "full" });
  const second = stage();
  second.open(false);
  expect(second.read(3)).toMatchObject({ version: "3", state: "full" });
});

test("many watchers come in several documents, of which the first is full", () => {
  const { subscriptions, open, read } = stage({ maximumWatchers: 120 });
  for (let n = 0; n < 200; n += 1) subscriptions.put(xmppRow(`user${n}@xmpp.example`, ROMEO));
  open();
  const documents = [read(), read(), read()];
  expect(documents.map(({ watchers, more }) => [watchers.length, more])).toEqual([
    [50, true],
    [50, true],
    [20, false],
  ]);
  expect(documents.map(({ state }) => state)).toEqual(["full", "partial", "partial"]);
});

test("a closed one has no body", () => {
  const { book, key, open } = stage();
  open();
  book.close(key);
  expect(book.body(key, 1)).toBeUndefined();
  expect(book.changed(undefined, xmppRow(JULIET, ROMEO))).toEqual([]);
});
