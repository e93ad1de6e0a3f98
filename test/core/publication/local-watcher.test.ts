import { deviceToPresence } from "../../../src/core/presence/to-stanza";
import {
  LOCAL_PEER,
  type LocalWatcherEvent,
  localWatcher,
  stateOf,
} from "../../../src/core/publication/local-watcher";
import type { XmppWatcherRecord } from "../../../src/core/subscription/record";
import { TABLES } from "../../gateway/presence/tables";
import { device, documentOf } from "./fixtures";

const JULIET = "juliet@xmpp.example";
const ROMEO = "romeo@sip.example";
const PHONE = documentOf(device("phone"));
const TWO = documentOf(device("phone"), device("desk"));
const NOBODY = documentOf(device("", { open: false }));

const RECORD: XmppWatcherRecord = {
  direction: "xmpp-watcher",
  watcher: JULIET,
  presentity: ROMEO,
  peer: LOCAL_PEER,
  state: "active",
  authorized: true,
  attempts: 0,
  expires: 0,
  online: "unknown",
  shown: ["phone"],
};
const PENDING: XmppWatcherRecord = { ...RECORD, state: "pending", authorized: false, shown: [] };
const STATES = { none: undefined, pending: PENDING, active: RECORD };

/** The next record, and each stanza as `type from → to`. */
function step(record: XmppWatcherRecord | undefined, event: LocalWatcherEvent) {
  const result = localWatcher(record, event, {
    watcher: JULIET,
    presentity: ROMEO,
    deviceStanza: (shown, { person }, from, to) => deviceToPresence(shown, person, from, to, TABLES.presence),
  });
  const stanzas = result.effects.map((effect) => {
    if (effect.kind !== "stanza") throw new Error(effect.kind);
    const { type = "available", from, to } = effect.stanza.attrs;
    return `${type} ${from} → ${to}`;
  });
  return { record: result.record, state: stateOf(result.record), shown: result.record?.shown, stanzas };
}

const AVAILABLE = `available ${ROMEO}/phone → ${JULIET}`;
const SUBSCRIBED = `subscribed ${ROMEO} → ${JULIET}`;
const GONE = [`unavailable ${ROMEO}/phone → ${JULIET}`, `unsubscribed ${ROMEO} → ${JULIET}`];
const REFUSED = [`unsubscribed ${ROMEO} → ${JULIET}`];

const ASK: LocalWatcherEvent = { kind: "xmpp-subscribe", approved: false, document: PHONE };
const EVENTS = {
  subscribe: ASK,
  "subscribe with leave": { ...ASK, approved: true },
  unsubscribe: { kind: "xmpp-unsubscribe" },
  probe: { kind: "xmpp-probe", to: `${JULIET}/balcony`, document: PHONE },
  approve: { kind: "approve", document: PHONE },
  reject: { kind: "reject" },
  "document-changed": { kind: "document-changed", before: NOBODY, document: PHONE },
  resume: { kind: "resume", approved: false, document: PHONE },
  "resume with leave": { kind: "resume", approved: true, document: PHONE },
  drop: { kind: "drop" },
} as const satisfies Record<string, LocalWatcherEvent>;

type Row = [keyof typeof STATES, keyof typeof EVENTS, keyof typeof STATES, readonly string[]];
const TABLE: readonly Row[] = [
  ["none", "subscribe", "pending", []],
  ["none", "subscribe with leave", "active", [SUBSCRIBED, AVAILABLE]],
  ["none", "unsubscribe", "none", []],
  ["none", "probe", "none", []],
  ["none", "approve", "none", []],
  ["none", "reject", "none", []],
  ["none", "document-changed", "none", []],
  ["none", "resume", "none", []],
  ["none", "resume with leave", "none", []],
  ["none", "drop", "none", []],
  ["pending", "subscribe", "pending", []],
  ["pending", "subscribe with leave", "active", [SUBSCRIBED, AVAILABLE]],
  ["pending", "unsubscribe", "none", REFUSED],
  ["pending", "probe", "pending", []],
  ["pending", "approve", "active", [SUBSCRIBED, AVAILABLE]],
  ["pending", "reject", "none", REFUSED],
  ["pending", "document-changed", "pending", []],
  ["pending", "resume", "pending", []],
  ["pending", "resume with leave", "active", [SUBSCRIBED, AVAILABLE]],
  ["pending", "drop", "none", REFUSED],
  ["active", "subscribe", "active", [SUBSCRIBED, AVAILABLE]],
  ["active", "subscribe with leave", "active", [SUBSCRIBED, AVAILABLE]],
  ["active", "unsubscribe", "none", GONE],
  ["active", "probe", "active", [`available ${ROMEO}/phone → ${JULIET}/balcony`]],
  ["active", "approve", "active", []],
  ["active", "reject", "none", GONE],
  ["active", "document-changed", "active", [AVAILABLE]],
  ["active", "resume", "active", [AVAILABLE]],
  ["active", "resume with leave", "active", [AVAILABLE]],
  ["active", "drop", "none", GONE],
];

test.each(TABLE)("%s, %s → %s", (from, event, to, stanzas) => {
  const result = step(STATES[from], EVENTS[event]);
  expect(result.state).toBe(to);
  expect(result.stanzas).toEqual(stanzas);
});

test("the table above has every state and every event", () => {
  const cells = TABLE.map(([state, event]) => `${state} ${event}`);
  const wanted = Object.keys(STATES).flatMap((state) =>
    Object.keys(EVENTS).map((event) => `${state} ${event}`),
  );
  expect(cells.sort()).toEqual(wanted.sort());
});

test("what is ignored costs no write: the very record comes back", () => {
  expect(step(RECORD, { kind: "approve", document: PHONE }).record).toBe(RECORD);
  expect(step(PENDING, EVENTS["document-changed"]).record).toBe(PENDING);
  expect(step(RECORD, EVENTS.probe).record).toBe(RECORD);
});

test("only the devices that changed are told, and one that has gone goes unavailable (RFC 8048 §6.3)", () => {
  const busy = documentOf(device("phone"), device("desk", { show: "dnd" }));
  const both = { ...RECORD, shown: ["phone", "desk"] };
  expect(step(both, { kind: "document-changed", before: TWO, document: busy }).stanzas).toEqual([
    `available ${ROMEO}/desk → ${JULIET}`,
  ]);
  const left = step(both, { kind: "document-changed", before: TWO, document: documentOf(device("desk")) });
  expect(left.stanzas).toEqual([`unavailable ${ROMEO}/phone → ${JULIET}`]);
  expect(left.shown).toEqual(["desk"]);
});

test("a device that says itself that it is closed goes unavailable once, with what it says", () => {
  const closed = documentOf(device("phone", { open: false, notes: [{ text: "bye" }] }));
  const first = step(RECORD, { kind: "document-changed", before: PHONE, document: closed });
  expect(first.stanzas).toEqual([`unavailable ${ROMEO}/phone → ${JULIET}`]);
  const again = step(first.record, { kind: "document-changed", before: closed, document: NOBODY });
  expect(again.stanzas).toEqual([]);
});

test("all gone: every device that was shown goes unavailable", () => {
  const both = { ...RECORD, shown: ["phone", "desk"] };
  const { stanzas, shown } = step(both, { kind: "document-changed", before: TWO, document: NOBODY });
  expect(stanzas).toEqual([
    `unavailable ${ROMEO}/phone → ${JULIET}`,
    `unavailable ${ROMEO}/desk → ${JULIET}`,
  ]);
  expect(shown).toEqual([]);
});

test("what changes about the person is told of each device", () => {
  const happy = { ...TWO, person: { activities: [], moods: [], notes: [{ text: "happy" }] } };
  const both = { ...RECORD, shown: ["phone", "desk"] };
  expect(step(both, { kind: "document-changed", before: TWO, document: happy }).stanzas).toHaveLength(2);
});

test("a probe while nothing is published is answered by unavailable (RFC 6121 §4.3.2)", () => {
  const none = { ...RECORD, shown: [] };
  expect(step(none, { kind: "xmpp-probe", to: `${JULIET}/balcony`, document: NOBODY }).stanzas).toEqual([
    `unavailable ${ROMEO} → ${JULIET}/balcony`,
  ]);
});

test("after a restart with a phone that has gone meanwhile, it goes unavailable", () => {
  const { stanzas, shown } = step(RECORD, { kind: "resume", approved: false, document: NOBODY });
  expect(stanzas).toEqual([`unavailable ${ROMEO}/phone → ${JULIET}`, `unavailable ${ROMEO} → ${JULIET}`]);
  expect(shown).toEqual([]);
});

test("a row that was kept while the phones' own server was asked is taken over without asking anybody again", () => {
  const dialog = {
    callId: "c",
    localTag: "l",
    localUri: "sip:juliet@xmpp.example",
    remoteUri: "sip:romeo@sip.example",
    localCseq: 3,
    remoteTarget: "sip:romeo@sip.example",
    routes: [],
  };
  const elsewhere: XmppWatcherRecord = {
    ...RECORD,
    peer: "kamailio",
    state: "retrying",
    dialog,
    dueAt: 5,
    due: "retry",
  };
  const { record, stanzas } = step(elsewhere, EVENTS.resume);
  expect(stanzas).toEqual([AVAILABLE]);
  expect(record).toEqual(RECORD);
});
