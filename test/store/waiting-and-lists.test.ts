/** Waiting messages and lists on disk: what a next life finds, and what is left when the disk refuses a group. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { JournalEntry } from "../../src/gateway/sides";
import { type OpenStore, openStore } from "../../src/store/sqlite-store";

const MIGRATIONS = join(__dirname, "../../migrations");
const ROMEO = "romeo@sip.example";
const ORCHARD = `${ROMEO}/orchard`;
const STREET = `${ROMEO}/street`;
let folder: string;
let store: OpenStore;
const open = (): OpenStore => openStore({ file: join(folder, "isthmus.db"), migrations: MIGRATIONS });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "isthmus-waiting-"));
  store = open();
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

function entry(seq: number, text = "hello"): JournalEntry {
  return {
    seq,
    pair: "pair",
    rid: `r${seq}`,
    receivedAt: 1_000 + seq,
    request: {
      toUri: "sip:romeo@sip.example",
      fromUri: "sip:juliet@xmpp.example",
      fromTag: "tag",
      callId: "call",
      cseq: seq,
      branch: `b${seq}`,
      contentType: "text/plain",
      headers: [["Subject", "ahoj"]],
      body: Buffer.from(text),
      peer: "default",
    },
    origin: { from: "juliet@xmpp.example/b", to: ROMEO, id: `m${seq}`, wantsReceipt: false },
  };
}

async function again(): Promise<void> {
  store.close();
  store = open();
}

describe("waiting", () => {
  test("a message leaves the journal and waits in one transaction, as it was, in order, over a restart", async () => {
    await Promise.all([store.journal(entry(2, "dobrý 🎭")), store.journal(entry(1))]);
    await Promise.all([2, 1].map((seq) => store.waiting.keep(entry(seq, "dobrý 🎭"), ROMEO, 9_000)));
    await again();
    expect(store.journalLeft()).toEqual([]);
    const next = store.waiting.nextFor(ROMEO, ORCHARD);
    expect(next?.attempts).toBe(0);
    const { person, pair, request, ...rest } = next?.message ?? (undefined as never);
    expect(person).toBe(ROMEO);
    expect({ ...rest, pair: "pair", request: { ...request, body: Buffer.from(request.body) } }).toEqual(
      entry(1, "dobrý 🎭"),
    );
    expect(pair).toBe(ROMEO);
    expect(store.waiting.of(ROMEO)).toMatchObject({ messages: 2, undelivered: 2 });
  });

  test("kept once more, as after a crash between the two, it is one message", async () => {
    await store.waiting.keep(entry(1), ROMEO, 9_000);
    await store.waiting.keep(entry(1), ROMEO, 9_000);
    expect([store.waiting.messages, store.waiting.people()]).toEqual([1, [ROMEO]]);
  });

  test("each device gets each message once; how often it has tried is known", async () => {
    await store.waiting.keep(entry(1), ROMEO, 9_000);
    await store.waiting.keep(entry(2), ROMEO, 9_000);
    await store.waiting.tried(1, ORCHARD);
    await store.waiting.tried(1, ORCHARD);
    expect(store.waiting.nextFor(ROMEO, ORCHARD)).toMatchObject({ attempts: 2, message: { seq: 1 } });
    await store.waiting.delivered(1, ORCHARD, 2_000);
    await store.waiting.refused(1, STREET);
    expect(store.waiting.nextFor(ROMEO, ORCHARD)?.message.seq).toBe(2);
    expect(store.waiting.nextFor(ROMEO, STREET)?.message.seq).toBe(2);
    expect([store.waiting.isDone(1, STREET), store.waiting.isDone(2, STREET)]).toEqual([true, false]);
    expect([store.waiting.isDelivered(1), store.waiting.isDelivered(2)]).toEqual([true, false]);
    expect(store.waiting.of(ROMEO).undelivered).toBe(1);
  });

  test("the time for other devices runs from the first delivery", async () => {
    await store.waiting.keep(entry(1), ROMEO, 9_000);
    await store.waiting.delivered(1, ORCHARD, 2_000);
    await store.waiting.delivered(1, STREET, 5_000);
    expect(store.waiting.nextDue()).toBe(2_000);
    expect(store.waiting.due(1_999, 10)).toEqual([]);
    expect(store.waiting.due(2_000, 10).map(({ seq }) => seq)).toEqual([1]);
  });

  test("what is removed counts no more, and leaves no trace of its devices", async () => {
    await store.waiting.keep(entry(1), ROMEO, 9_000);
    await store.waiting.delivered(1, ORCHARD, 2_000);
    await store.waiting.remove(1);
    await store.waiting.remove(1);
    expect([store.waiting.messages, store.waiting.octets, store.waiting.people()]).toEqual([0, 0, []]);
    const reader = new Database(join(folder, "isthmus.db"), { readonly: true });
    expect(reader.prepare("SELECT count(*) FROM waiting_copy").pluck().get()).toBe(0);
    reader.close();
  });

  test("a group that the disk refuses leaves everything as it was, in the counts too", async () => {
    await store.journal(entry(1));
    const other = new Database(join(folder, "isthmus.db"));
    other.exec("BEGIN IMMEDIATE");
    await expect(store.waiting.keep(entry(1), ROMEO, 9_000)).rejects.toMatchObject({ code: "SQLITE_BUSY" });
    other.exec("ROLLBACK");
    other.close();
    expect(store.waiting.of(ROMEO).messages).toBe(0);
    await again();
    expect(store.journalLeft().map(({ seq }) => seq)).toEqual([1]);
  });
});

describe("lists", () => {
  test("are there after a restart; emptiness is known without a look", async () => {
    expect(store.lists.isEmpty).toBe(true);
    await store.lists.put(ROMEO, "spam.example", "block");
    await store.lists.put(ROMEO, "spam.example", "allow");
    await store.lists.setOnlyAllowed("sip.example", true);
    expect(store.lists.isEmpty).toBe(false);
    await again();
    expect(store.lists.listOf(ROMEO)).toEqual({
      entries: new Map([["spam.example", "allow"]]),
      onlyAllowed: false,
    });
    expect(store.lists.listOf("sip.example").onlyAllowed).toBe(true);
    await store.lists.remove(ROMEO, "spam.example");
    expect(store.lists.isEmpty).toBe(false);
    await store.lists.setOnlyAllowed("sip.example", false);
    expect(store.lists.isEmpty).toBe(true);
  });

  test("a first list that another process has made is noticed with its note", () => {
    const other = new Database(join(folder, "isthmus.db"));
    other.exec("INSERT INTO list_entry VALUES ('*', 'pest@far.example', 'block')");
    other.exec("INSERT INTO list_change VALUES ('*', 'pest@far.example')");
    other.close();
    expect(store.lists.isEmpty).toBe(true);
    expect(store.lists.takeChanges(10)).toEqual([{ owner: "*", entry: "pest@far.example" }]);
    expect(store.lists.isEmpty).toBe(false);
  });
});
