import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { SipWatcherRecord, SubscriptionRecord } from "../../src/core/subscription/record";
import { type OpenStore, openStore } from "../../src/store/sqlite-store";
import {
  answered,
  DIALOG,
  keep,
  notified,
  nthWatcher,
  prolonged,
  SIP_KEY,
  SIP_WATCHER,
  XMPP_KEY,
  XMPP_WATCHER,
} from "./records";

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

/** So few that most rows are read from the disk anew. */
const PARSED_ROWS = 64;
const open = (): OpenStore => openStore({ file, migrations: MIGRATIONS, parsedRows: PARSED_ROWS });
const put = (key: string, record: SubscriptionRecord) => store.subscriptions.step(key, keep(record));
const reopen = (): void => {
  store.close();
  store = open();
};

/** What another process sees: only what was committed. */
function onDisk(): SubscriptionRecord["direction"][] {
  const other = new Database(file, { readonly: true });
  const keys = other.prepare("SELECT key FROM subscription ORDER BY key").pluck().all();
  other.close();
  return keys as SubscriptionRecord["direction"][];
}

describe("a step", () => {
  const WITH_DIALOG: SubscriptionRecord = {
    ...XMPP_WATCHER,
    dialog: { ...DIALOG, routes: [] },
    dueAt: 5,
    due: "retry",
    shown: ["a", "b"],
  };
  const { remoteTag: _tag, remoteCseq: _cseq, ...early } = DIALOG;

  test.each([
    ["a SIP watcher", SIP_KEY, SIP_WATCHER],
    [
      "one with all that is optional",
      SIP_KEY,
      {
        ...SIP_WATCHER,
        eventId: "7",
        intervalMs: 5_000,
        reason: "timeout",
        state: "ending",
        owed: true,
        // A field that a later release adds is kept as well.
        later: { added: [1, "ž"] },
      } as SipWatcherRecord,
    ],
    ["an XMPP watcher without a dialog", XMPP_KEY, XMPP_WATCHER],
    ["one with a dialog", XMPP_KEY, WITH_DIALOG],
    ["one whose dialog nobody has answered", XMPP_KEY, { ...WITH_DIALOG, dialog: early }],
  ] as const)("keeps every field of %s", async (_, key, record) => {
    await put(key, record);
    expect(store.subscriptions.get(key)).toBe(record);
    reopen();
    expect(store.subscriptions.get(key)).toStrictEqual(record);
    expect(store.subscriptions.count()).toBe(1);
  });

  const changes: readonly [string, SubscriptionRecord, (record: never) => SubscriptionRecord][] = [
    ["a CSeq of ours", SIP_WATCHER, (one: SipWatcherRecord) => notified(one).record as SipWatcherRecord],
    ["a time", SIP_WATCHER, (one: SipWatcherRecord) => ({ ...one, expiresAt: 9, dueAt: 8 })],
    ["no time", SIP_WATCHER, ({ dueAt: _, ...one }: SipWatcherRecord) => one],
    ["a state", SIP_WATCHER, (one: SipWatcherRecord) => ({ ...one, state: "ending", reason: "giveup" })],
    [
      "all",
      SIP_WATCHER,
      (one: SipWatcherRecord) =>
        ({ ...notified(one).record, state: "pending", dueAt: 1 }) as SipWatcherRecord,
    ],
    [
      "a remote target",
      SIP_WATCHER,
      (one: SipWatcherRecord) => ({ ...one, dialog: { ...one.dialog, remoteTarget: "sip:x" } }),
    ],
    ["a field less", { ...SIP_WATCHER, eventId: "1" }, ({ eventId: _, ...one }: SipWatcherRecord) => one],
    [
      "a dialog",
      XMPP_WATCHER,
      (one: SubscriptionRecord) => ({ ...one, dialog: DIALOG }) as SubscriptionRecord,
    ],
    [
      "another dialog",
      WITH_DIALOG,
      (one: SubscriptionRecord) =>
        ({ ...one, dialog: { ...DIALOG, callId: "2", localTag: "2" } }) as SubscriptionRecord,
    ],
    ["no dialog", WITH_DIALOG, ({ dialog: _, ...one }: SubscriptionRecord) => one as SubscriptionRecord],
    [
      "a list in the place of one that is as long",
      WITH_DIALOG,
      (one: SubscriptionRecord) => ({ ...one, shown: ["a", "c"] }) as SubscriptionRecord,
    ],
  ];

  test.each(changes)("changes %s", async (_, before, change) => {
    await put("key", before);
    const after = change(before as never);
    await put("key", after);
    reopen();
    expect(store.subscriptions.get("key")).toStrictEqual(after);
    // Also from the row, not only from what is remembered of it.
    await store.subscriptions.step("key", (record) => ({ record: change(record as never), effects: [] }));
    reopen();
    expect(store.subscriptions.get("key")).toStrictEqual(change(after as never));
  });

  test("is on disk when it resolves, with its effects", async () => {
    const effects = [{ kind: "want-notify" }] as const;
    const written = store.subscriptions.step(SIP_KEY, keep(SIP_WATCHER, effects));
    expect(onDisk()).toEqual([]);
    expect(await written).toBe(effects);
    expect(onDisk()).toEqual([SIP_KEY]);
  });

  test("sees what the ones before it have left, also in the same group; each resolves in its turn", async () => {
    const order: number[] = [];
    const seen: unknown[] = [];
    const steps = [1, 2, 3].map((number) =>
      store.subscriptions
        .step(SIP_KEY, (record) => {
          seen.push((record as SipWatcherRecord | undefined)?.dialog.localCseq);
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

  test("that throws rejects alone and changes nothing; its group is kept", async () => {
    const mistake = new Error("our own");
    const results = await Promise.allSettled([
      put(SIP_KEY, SIP_WATCHER),
      store.subscriptions.step(SIP_KEY, () => {
        throw mistake;
      }),
      // What no column takes is such a mistake too.
      put(XMPP_KEY, { ...XMPP_WATCHER, dueAt: 0.5 }),
      put(SIP_KEY, { ...SIP_WATCHER, dueAt: Number.NaN }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "rejected"]);
    expect((results[1] as PromiseRejectedResult).reason).toBe(mistake);
    expect(store.subscriptions.get(XMPP_KEY)).toBeUndefined();
    reopen();
    expect(store.subscriptions.get(SIP_KEY)).toEqual(SIP_WATCHER);
    expect(store.subscriptions.count()).toBe(1);
  });

  test("that changes nothing writes nothing, and resolves after what was written before it", async () => {
    await put(SIP_KEY, SIP_WATCHER);
    const other = new Database(file, { readonly: true });
    // Changes when another connection commits something.
    const version = () => other.pragma("data_version", { simple: true });
    const before = version();
    const same = (record: SubscriptionRecord | undefined) => ({ record, effects: [] });
    await store.subscriptions.step(SIP_KEY, same);
    await store.subscriptions.step(SIP_KEY, (record) => ({
      record: { ...(record as SipWatcherRecord) },
      effects: [],
    }));
    await store.subscriptions.step("no such key", same);
    expect(version()).toBe(before);
    const order: string[] = [];
    const change = store.subscriptions.step(SIP_KEY, prolonged).then(() => order.push("change"));
    await store.subscriptions.step(SIP_KEY, same).then(() => order.push("none"));
    await change;
    expect(order).toEqual(["change", "none"]);
    expect(version()).not.toBe(before);
    other.close();
  });

  test("that returns no record removes the row", async () => {
    await put(SIP_KEY, SIP_WATCHER);
    const removed = store.subscriptions.step(SIP_KEY, keep(undefined));
    expect(store.subscriptions.get(SIP_KEY)).toBeUndefined();
    expect(store.subscriptions.nextDue()).toBeUndefined();
    await removed;
    reopen();
    expect([store.subscriptions.count(), onDisk()]).toEqual([0, []]);
  });

  test("of many more than are kept parsed, each finds its own row", async () => {
    const all = Array.from({ length: 20 * PARSED_ROWS }, (_, n) => nthWatcher(n));
    await Promise.all(all.map(({ key, record }) => put(key, record)));
    await Promise.all(all.map(({ key }) => store.subscriptions.step(key, notified)));
    const wrong = all.filter(({ key, record }) => {
      const { watcher, dialog } = store.subscriptions.get(key) as SipWatcherRecord;
      return watcher !== record.watcher || dialog.callId !== record.dialog.callId || dialog.localCseq !== 8;
    });
    expect(wrong).toEqual([]);
  });
});

describe("a NOTIFY that changes nothing else", () => {
  const cseqOf = (from: OpenStore, key = SIP_KEY): number =>
    (from.subscriptions.get(key) as SipWatcherRecord).dialog.localCseq;
  const owedOf = (from: OpenStore): boolean => (from.subscriptions.get(SIP_KEY) as SipWatcherRecord).owed;

  /** What the next life finds if this one is killed now. */
  function afterKill<T>(look: (next: OpenStore) => T): T {
    const copy = join(folder, "killed.db");
    for (const end of ["", "-wal"]) if (existsSync(file + end)) copyFileSync(file + end, copy + end);
    const next = openStore({ file: copy, migrations: MIGRATIONS });
    const found = look(next);
    next.close();
    for (const end of ["", "-wal", "-shm"]) rmSync(copy + end, { force: true });
    return found;
  }

  test("writes nothing, and a later life goes on above its CSeq", async () => {
    await put(SIP_KEY, SIP_WATCHER);
    const other = new Database(file, { readonly: true });
    const version = () => other.pragma("data_version", { simple: true });
    const before = version();
    await store.subscriptions.step(SIP_KEY, notified);
    await store.subscriptions.step(SIP_KEY, answered);
    expect(version()).toBe(before);
    for (let sent = 9; sent < 350; sent++) {
      await store.subscriptions.step(SIP_KEY, notified);
      expect(cseqOf(store)).toBe(sent);
      if (sent % 33 === 0) expect(afterKill(cseqOf)).toBeGreaterThanOrEqual(sent);
    }
    expect(version()).not.toBe(before);
    other.close();
    reopen();
    expect([cseqOf(store), owedOf(store)]).toEqual([349, true]);
  });

  test("writes nothing when it is the first of its dialog either: a new row has a block", async () => {
    await put(SIP_KEY, { ...SIP_WATCHER, dialog: { ...DIALOG, localCseq: 0 } });
    const other = new Database(file, { readonly: true });
    const version = () => other.pragma("data_version", { simple: true });
    const before = version();
    await store.subscriptions.step(SIP_KEY, notified);
    expect([cseqOf(store), version()]).toEqual([1, before]);
    expect(afterKill(cseqOf)).toBeGreaterThanOrEqual(1);
    other.close();
  });

  test("is remembered while many more others are in use than are kept parsed", async () => {
    await put(SIP_KEY, SIP_WATCHER);
    await store.subscriptions.step(SIP_KEY, notified);
    const others = Array.from({ length: 20 * PARSED_ROWS }, (_, n) => nthWatcher(n + 10));
    await Promise.all(others.map(({ key, record }) => put(key, record)));
    expect([cseqOf(store), owedOf(store)]).toEqual([8, true]);
    expect(store.subscriptions.page("s call-1@", 1)).toMatchObject([
      { dialog: { localCseq: 8 }, owed: true },
    ]);
    await store.subscriptions.step(SIP_KEY, notified);
    expect(cseqOf(store)).toBe(9);
  });

  test("is not owed once more when the answer came and a moment has passed", async () => {
    await put(SIP_KEY, { ...SIP_WATCHER, owed: true });
    expect(afterKill(owedOf)).toBe(true);
    await store.subscriptions.step(SIP_KEY, answered);
    await put(XMPP_KEY, XMPP_WATCHER);
    expect([owedOf(store), afterKill(owedOf)]).toEqual([false, false]);
  });

  test("is owed when another one followed the answer in the same moment, with news that must be kept", async () => {
    await put(SIP_KEY, { ...SIP_WATCHER, owed: true });
    await Promise.all([
      store.subscriptions.step(SIP_KEY, answered),
      store.subscriptions.step(SIP_KEY, (record) => ({
        record: { ...(notified(record).record as SipWatcherRecord), state: "pending" },
        effects: [],
      })),
    ]);
    expect(afterKill(owedOf)).toBe(true);
  });

  test("of a row that has gone leaves nothing to the next row", async () => {
    await put(SIP_KEY, SIP_WATCHER);
    await store.subscriptions.step(SIP_KEY, notified);
    await put(SIP_KEY, undefined as never);
    const next = nthWatcher(5);
    await put(next.key, next.record);
    expect(store.subscriptions.get(next.key)).toBe(next.record);
    reopen();
    expect(store.subscriptions.get(next.key)).toEqual(next.record);
  });
});

describe("a row is found", () => {
  const other = nthWatcher(2);

  beforeEach(async () => {
    await Promise.all([
      put(SIP_KEY, SIP_WATCHER),
      put(XMPP_KEY, { ...XMPP_WATCHER, dialog: { ...DIALOG, callId: "ours" }, dueAt: 5 }),
      put(other.key, { ...other.record, watcher: SIP_WATCHER.watcher }),
    ]);
  });

  test("of an XMPP watcher by its dialog, which both names make", () => {
    expect(store.subscriptions.keyOfDialog("call-1@isthmus.example", "l1")).toBeUndefined();
    expect(store.subscriptions.keyOfDialog("ours", "l1")).toBe(XMPP_KEY);
    expect(store.subscriptions.keyOfDialog("ours", "l2")).toBeUndefined();
    expect(store.subscriptions.keyOfDialog("OURS", "l1")).toBeUndefined();
  });

  test("by pair, watcher or presentity, in its direction alone", () => {
    const { subscriptions } = store;
    const [romeo, juliet] = ["romeo@sip.example", "juliet@xmpp.example"];
    expect(subscriptions.ofPair("sip-watcher", romeo, juliet).map(callIdOf)).toEqual([
      "call-1@isthmus.example",
      "call-2@isthmus.example",
    ]);
    expect(subscriptions.ofPair("xmpp-watcher", juliet, romeo).map(callIdOf)).toEqual(["ours"]);
    expect(subscriptions.ofPair("xmpp-watcher", romeo, juliet)).toEqual([]);
    expect(subscriptions.ofWatcher("sip-watcher", romeo, 10)).toHaveLength(2);
    expect(subscriptions.ofWatcher("sip-watcher", romeo, 1)).toHaveLength(1);
    expect(subscriptions.ofWatcher("xmpp-watcher", romeo, 10)).toEqual([]);
    expect(subscriptions.ofPresentity("sip-watcher", juliet, 10)).toHaveLength(2);
    expect(subscriptions.ofPresentity("sip-watcher", juliet, 1)).toHaveLength(1);
    expect(subscriptions.ofPresentity("xmpp-watcher", juliet, 10)).toEqual([]);
    expect(subscriptions.countOfWatcher("sip-watcher", romeo)).toBe(2);
    expect(subscriptions.countOfWatcher("xmpp-watcher", romeo)).toBe(0);
  });

  test("by the time at which it is due, the longest due first", async () => {
    const { subscriptions } = store;
    expect(subscriptions.nextDue()).toBe(2);
    expect(subscriptions.due(1, 10)).toEqual([]);
    expect(subscriptions.due(5, 10)).toEqual([other.key, XMPP_KEY]);
    expect(subscriptions.due(4_000_000, 2)).toEqual([other.key, XMPP_KEY]);
    await subscriptions.step(other.key, (record) => ({
      record: { ...(record as SipWatcherRecord), dueAt: 9 },
      effects: [],
    }));
    expect(subscriptions.nextDue()).toBe(5);
    expect(subscriptions.due(5, 10)).toEqual([XMPP_KEY]);
  });

  test("by going through all of them", () => {
    const [first, second] = [store.subscriptions.page("", 2), store.subscriptions.page(other.key, 2)];
    expect([...first, ...second].map(callIdOf)).toEqual([
      "call-1@isthmus.example",
      "call-2@isthmus.example",
      "ours",
    ]);
    expect(store.subscriptions.page(XMPP_KEY, 2)).toEqual([]);
  });

  test("by its pair as soon as it is there, and no longer than it is", async () => {
    const { subscriptions } = store;
    const callIds = () =>
      subscriptions.ofPair("sip-watcher", "romeo@sip.example", "juliet@xmpp.example").map(callIdOf);
    const [first, second] = ["call-1@isthmus.example", "call-2@isthmus.example"];
    expect(callIds()).toEqual([first, second]);
    expect(subscriptions.ofPair("sip-watcher", "romeo@sip.example", "nurse@xmpp.example")).toEqual([]);
    const third = nthWatcher(3);
    const written = [put(third.key, { ...third.record, watcher: SIP_WATCHER.watcher })];
    expect(callIds()).toEqual([first, second, "call-3@isthmus.example"]);
    written.push(put(SIP_KEY, { ...SIP_WATCHER, presentity: "nurse@xmpp.example" }));
    expect(callIds()).toEqual([second, "call-3@isthmus.example"]);
    expect(subscriptions.ofPair("sip-watcher", "romeo@sip.example", "nurse@xmpp.example")).toHaveLength(1);
    await subscriptions.step(other.key, () => ({ record: undefined, effects: [] }));
    expect(callIds()).toEqual(["call-3@isthmus.example"]);
    await Promise.all(written);
    reopen();
    expect(
      store.subscriptions.ofPair("sip-watcher", "romeo@sip.example", "juliet@xmpp.example"),
    ).toHaveLength(1);
  });

  test("as the steps have left it that wait for the disk", () => {
    const written = put(SIP_KEY, { ...SIP_WATCHER, presentity: "nurse@xmpp.example" });
    expect(store.subscriptions.ofPresentity("sip-watcher", "juliet@xmpp.example", 10)).toHaveLength(1);
    expect(store.subscriptions.ofPresentity("sip-watcher", "nurse@xmpp.example", 10)).toHaveLength(1);
    return written;
  });
});

const callIdOf = (record: SubscriptionRecord): string | undefined => record.dialog?.callId;
