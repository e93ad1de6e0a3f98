import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import type {
  SipWatcherRecord,
  SubscriptionRecord,
  XmppWatcherRecord,
} from "../../src/core/subscription/record";
import type { Step } from "../../src/core/subscription/step";
import { type OpenStore, openStore } from "../../src/store/sqlite-store";

const MIGRATIONS = join(__dirname, "../../migrations");
let folder: string;
let file: string;
let store: OpenStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "isthmus-subscriptions-"));
  file = join(folder, "isthmus.db");
  store = open();
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

const open = (): OpenStore => openStore({ file, migrations: MIGRATIONS });

const DIALOG = {
  callId: "call-1@isthmus.example",
  localTag: "l1",
  remoteTag: "r1",
  localUri: "sip:juliet@xmpp.example",
  remoteUri: "sip:romeo@sip.example",
  localCseq: 7,
  remoteCseq: 3,
  remoteTarget: "sip:romeo@192.0.2.7:5060;ob",
  routes: ["<sip:192.0.2.8;lr>"],
};

const SIP_WATCHER: SipWatcherRecord = {
  direction: "sip-watcher",
  what: "presence",
  watcher: "romeo@sip.example",
  presentity: "juliet@xmpp.example",
  peer: "default",
  state: "active",
  dialog: DIALOG,
  expiresAt: 4_000_000,
  dueAt: 3_900_000,
  owed: false,
};
const SIP_KEY = "s call-1@isthmus.example l1";

const XMPP_WATCHER: XmppWatcherRecord = {
  direction: "xmpp-watcher",
  watcher: "juliet@xmpp.example",
  presentity: "romeo@sip.example",
  peer: "default",
  state: "requesting",
  authorized: false,
  attempts: 0,
  expires: 3600,
  online: "unknown",
  shown: [],
};
const XMPP_KEY = "x juliet@xmpp.example romeo@sip.example";

/** A step that keeps this record. */
const keep =
  (record: SubscriptionRecord | undefined, effects: Step["effects"] = []) =>
  (): Step => ({ record, effects });

const notified = (record: SubscriptionRecord | undefined): Step => {
  const { dialog, ...rest } = record as SipWatcherRecord;
  return {
    record: { ...rest, dialog: { ...dialog, localCseq: dialog.localCseq + 1 }, owed: true },
    effects: [],
  };
};

describe("a step", () => {
  test.each([
    [SIP_KEY, SIP_WATCHER],
    [
      SIP_KEY,
      { ...SIP_WATCHER, eventId: "7", intervalMs: 5_000, reason: "timeout", state: "ending", owed: true },
    ],
    [XMPP_KEY, XMPP_WATCHER],
    [
      XMPP_KEY,
      { ...XMPP_WATCHER, dialog: { ...DIALOG, routes: [] }, dueAt: 5, due: "retry", shown: ["a", "b"] },
    ],
  ] as const)("keeps every field of the record (%s)", async (key, record) => {
    await store.subscriptions.step(key, keep(record));
    expect(store.subscriptions.get(key)).toEqual(record);
    store.close();
    store = open();
    expect(store.subscriptions.get(key)).toStrictEqual(record);
    expect(store.subscriptions.count()).toBe(1);
  });

  test("is on disk when it resolves, with its effects", async () => {
    const effects = [{ kind: "want-notify" }] as const;
    expect(await store.subscriptions.step(SIP_KEY, keep(SIP_WATCHER, effects))).toBe(effects);
    const other = new Database(file, { readonly: true });
    expect(other.prepare("SELECT key FROM subscription").pluck().all()).toEqual([SIP_KEY]);
    other.close();
  });

  test("sees what the ones before it have left, also in the same group; each resolves in its turn", async () => {
    const order: number[] = [];
    const seen: unknown[] = [];
    const steps = [1, 2, 3].map((number) =>
      store.subscriptions
        .step(SIP_KEY, (record) => {
          seen.push(record === undefined ? undefined : (record as SipWatcherRecord).dialog.localCseq);
          return record === undefined ? keep(SIP_WATCHER)() : notified(record);
        })
        .then(() => order.push(number)),
    );
    expect(store.subscriptions.get(SIP_KEY)).toMatchObject({ dialog: { localCseq: 9 }, owed: true });
    await Promise.all(steps);
    expect([seen, order]).toEqual([
      [undefined, 7, 8],
      [1, 2, 3],
    ]);
  });
});
