import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { JournalEntry, Store } from "../../src/gateway/sides";
import { openStore } from "../../src/store/sqlite-store";

const MIGRATIONS = join(__dirname, "../../migrations");
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "isthmus-store-"));
  file = join(folder, "isthmus.db");
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (): Store => openStore({ file, migrations: MIGRATIONS });
/** What a next life finds when this one is killed now. */
const openAsAfterCrash = (): Store => {
  const copy = join(folder, "copy.db");
  for (const end of ["", "-wal"]) copyFileSync(`${file}${end}`, `${copy}${end}`);
  return openStore({ file: copy, migrations: MIGRATIONS });
};

function entry(seq: number, text = "hello"): JournalEntry {
  return {
    seq,
    pair: "romeo@sip.example juliet@xmpp.example",
    rid: `r${seq}`,
    receivedAt: 1_000 + seq,
    request: {
      toUri: "sip:romeo@sip.example",
      fromUri: "sip:juliet@xmpp.example;gr=balcony",
      fromTag: "tag",
      callId: "call",
      cseq: seq,
      branch: `b${seq}`,
      contentType: "text/plain",
      headers: [["Subject", "ahoj"]],
      body: Buffer.from(text),
      peer: "default",
    },
    origin: {
      from: "juliet@xmpp.example/balcony",
      to: "romeo@sip.example",
      id: `m${seq}`,
      wantsReceipt: true,
    },
  };
}

describe("journal (architecture §4 point 3)", () => {
  test("what was journalled and not done is there after a restart, oldest first, byte for byte", async () => {
    const before = open();
    await Promise.all([
      before.journal(entry(3, "dobrý\u0000den 🎭")),
      before.journal(entry(1)),
      before.journal(entry(2)),
    ]);
    before.journalDone(2);
    before.close();
    const after = open();
    const left = after.journalLeft();
    expect(left.map((one) => one.seq)).toEqual([1, 3]);
    expect({
      ...left[1],
      request: { ...left[1]!.request, body: Buffer.from(left[1]!.request.body) },
    }).toEqual(entry(3, "dobrý\u0000den 🎭"));
    expect(after.journalSize()).toBe(2);
    after.close();
  });

  test("an entry is on disk when its promise resolves: another connection sees it", async () => {
    const store = open();
    await store.journal(entry(1));
    const other = new Database(file, { readonly: true });
    expect(other.prepare("SELECT count(*) FROM journal").pluck().get()).toBe(1);
    other.close();
    store.close();
  });

  test.each([1, 15, 16, 17, 40])("a group of %i entries is written whole, and counted", async (count) => {
    const store = open();
    const entries = Array.from({ length: count }, (_, at) => entry(at + 1, `text ${at}`));
    await Promise.all(entries.map((one) => store.journal(one)));
    expect(store.journalSize()).toBe(count);
    const left = openAsAfterCrash();
    expect(left.journalLeft().map(({ seq, request }) => [seq, String(request.body)])).toEqual(
      entries.map(({ seq, request }) => [seq, String(request.body)]),
    );
    left.close();
    store.close();
  });

  test("a kept report comes back with its entry", async () => {
    const store = open();
    await store.journal(entry(1));
    await store.journalReport(1, "<message/>");
    store.close();
    const after = open();
    expect(after.journalLeft()[0]?.report).toBe("<message/>");
    after.close();
  });

  test("a group that cannot be written rejects every member and leaves nothing half-written", async () => {
    const store = open();
    await store.journal(entry(1));
    const results = await Promise.allSettled([store.journal(entry(2)), store.journal(entry(1))]);
    expect(results.map((result) => result.status)).toEqual(["rejected", "rejected"]);
    expect(store.journalSize()).toBe(1);
    expect(store.journalLeft().map((one) => one.seq)).toEqual([1]);
    store.close();
  });

  test("a clean-up whose group could not be written goes with the next: what was answered is not sent again", async () => {
    const before = open();
    await Promise.all([before.journal(entry(1)), before.journal(entry(2))]);
    const failing = before.journal(entry(2));
    before.journalDone(1);
    // By its code: the native module makes its errors of the class that the first test file of the process gave it.
    await expect(failing).rejects.toMatchObject({ code: expect.stringMatching(/^SQLITE_CONSTRAINT/) });
    await before.journal(entry(3));
    expect(before.journalLeft().map((one) => one.seq)).toEqual([2, 3]);
    expect(before.journalSize()).toBe(2);
    before.close();
  });

  test("a number is given out only when the disk has reserved it", () => {
    const store = open();
    const other = new Database(file);
    other.exec("BEGIN IMMEDIATE");
    expect(() => store.nextSeq()).toThrow(/locked/);
    expect(() => store.nextSeq()).toThrow(/locked/);
    other.exec("COMMIT");
    other.close();
    const given = store.nextSeq();
    const after = openAsAfterCrash();
    expect(after.nextSeq()).toBeGreaterThan(given);
    after.close();
    store.close();
  });

  test("sequence numbers grow across restarts, also when nothing was closed in order", () => {
    const before = open();
    const last = [before.nextSeq(), before.nextSeq(), before.nextSeq()].at(-1)!;
    const after = openAsAfterCrash();
    expect(after.nextSeq()).toBeGreaterThan(last);
    after.close();
    before.close();
  });
});

describe("receipts", () => {
  test("one that is still on its way to the disk is read already, and the newest of a key counts", async () => {
    const store = open();
    const written = store.putReceipt({ side: "xmpp", key: "k", value: "1", expiresAt: 100 });
    void store.putReceipt({ side: "xmpp", key: "k", value: "2", expiresAt: 100 });
    expect(store.getReceipt("xmpp", "k", 99)).toBe("2");
    expect(store.getReceipt("xmpp", "k", 100)).toBeUndefined();
    await written;
    expect(store.getReceipt("xmpp", "k", 99)).toBe("2");
    store.close();
  });

  test("a receipt is found until it expires, by side and key, and forgotten after", async () => {
    const store = open();
    await store.putReceipt({ side: "sip", key: "k", value: "{}", expiresAt: 100 });
    expect(store.getReceipt("sip", "k", 99)).toBe("{}");
    expect(store.getReceipt("xmpp", "k", 99)).toBeUndefined();
    expect(store.getReceipt("sip", "k", 100)).toBeUndefined();
    store.forgetReceipts(100);
    store.close();
    const after = open();
    expect(after.getReceipt("sip", "k", 0)).toBeUndefined();
    after.close();
  });
});

describe("opening (architecture E20, E29)", () => {
  test("a file that is no database is refused with its name and what to do", () => {
    writeFileSync(file, "this is not a database, and long enough to be looked at as one".repeat(40));
    expect(open).toThrow(/isthmus\.db.*not a database.*store\.file/);
  });

  test("a folder that does not exist is named", () => {
    expect(() => openStore({ file: join(folder, "no/where.db"), migrations: MIGRATIONS })).toThrow(
      /no\/where\.db/,
    );
  });

  test("a database of a newer release is refused and left as it is", () => {
    const newer = new Database(file);
    newer.pragma("user_version = 9999");
    newer.close();
    expect(open).toThrow(/newer Isthmus/);
  });
});
