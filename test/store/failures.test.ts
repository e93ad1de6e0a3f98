import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { SipWatcherRecord } from "../../src/core/subscription/record";
import type { SubscriptionStore } from "../../src/gateway/sides";
import { DiskSync } from "../../src/store/disk-sync";
import { GroupCommit } from "../../src/store/group-commit";
import { isInstanceRunning } from "../../src/store/instance-lock";
import { migrate } from "../../src/store/migrations";
import { SqlitePublications } from "../../src/store/publications";
import { type OpenStore, openStore } from "../../src/store/sqlite-store";
import { SqliteSubscriptions } from "../../src/store/subscriptions";
import {
  keep,
  notified,
  nthWatcher,
  prolonged,
  SIP_KEY,
  SIP_WATCHER,
  XMPP_KEY,
  XMPP_WATCHER,
} from "./records";

jest.setTimeout(30_000);

const MIGRATIONS = join(__dirname, "../../migrations");
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "isthmus-failures-"));
  file = join(folder, "isthmus.db");
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (): OpenStore => openStore({ file, migrations: MIGRATIONS });
const cseqOf = (store: { readonly subscriptions: SubscriptionStore }, key = SIP_KEY): number | undefined =>
  (store.subscriptions.get(key) as SipWatcherRecord | undefined)?.dialog.localCseq;

/** Many rows, so that there are pages beyond the first few. */
async function filled(rows = 500): Promise<OpenStore> {
  const store = open();
  const all = Array.from({ length: rows }, (_, n) => nthWatcher(n));
  await Promise.all(all.map(({ key, record }) => store.subscriptions.step(key, keep(record))));
  return store;
}

/** The parts of a store on a connection that a test can reach. */
function looseStore() {
  const database = new Database(file);
  database.pragma("journal_mode = WAL");
  migrate(database, MIGRATIONS);
  const commit = new GroupCommit(database, new DiskSync(file));
  const subscriptions = new SqliteSubscriptions(database, commit);
  return { database, subscriptions, publications: new SqlitePublications(database, commit) };
}

describe("a group that the disk refuses", () => {
  /** A file that may not grow beyond what it has: SQLite answers as on a full disk. */
  function smallStore(pages: number) {
    const parts = looseStore();
    const limit = (most: number) => parts.database.pragma(`max_page_count = ${most}`);
    limit(pages);
    return { ...parts, limit };
  }
  const LARGE = { ...SIP_WATCHER, eventId: "x".repeat(400_000) };

  test("rejects all of it; what was there before it is read again, and the next group is taken", async () => {
    const { database, subscriptions, publications, limit } = smallStore(60);
    await subscriptions.step(SIP_KEY, keep(SIP_WATCHER));
    const publication = {
      etag: "e",
      presentity: "romeo@sip.example",
      contentType: "application/pidf+xml",
      body: "<presence/>",
      expiresAt: 5,
      modifiedAt: 1,
    };
    const refused = [
      subscriptions.step(SIP_KEY, prolonged),
      publications.putPublication(publication),
      subscriptions.step(XMPP_KEY, keep(XMPP_WATCHER)),
      subscriptions.step("large", keep(LARGE)),
    ];
    expect((await Promise.allSettled(refused)).map(({ status }) => status)).toEqual(
      Array.from(refused, () => "rejected"),
    );
    await expect(refused[0]).rejects.toMatchObject({ code: "SQLITE_FULL" });
    expect(subscriptions.get(SIP_KEY)).toEqual(SIP_WATCHER);
    expect(subscriptions.get(XMPP_KEY)).toBeUndefined();
    expect(publications.getPublication("e")).toBeUndefined();
    expect(subscriptions.count()).toBe(1);
    await subscriptions.step(SIP_KEY, notified);
    expect(cseqOf({ subscriptions })).toBe(8);
    limit(10_000);
    await subscriptions.step("large", keep(LARGE));
    expect(subscriptions.count()).toBe(2);
    database.close();
    expect(() => open().close()).not.toThrow();
  });

  test("an order to drop that was taken with it comes again", async () => {
    const { database, subscriptions } = smallStore(60);
    await subscriptions.step(SIP_KEY, keep(SIP_WATCHER));
    database.exec(`INSERT INTO drop_request VALUES ('${SIP_KEY}', 1)`);
    expect(subscriptions.takeDropRequests(10)).toEqual([SIP_KEY]);
    expect(subscriptions.takeDropRequests(10)).toEqual([]);
    await expect(subscriptions.step("large", keep(LARGE))).rejects.toMatchObject({ code: "SQLITE_FULL" });
    expect(subscriptions.takeDropRequests(10)).toEqual([SIP_KEY]);
    await subscriptions.step(SIP_KEY, keep(undefined));
    expect(subscriptions.takeDropRequests(10)).toEqual([]);
    database.close();
  });

  test("so does one that comes while another process has a transaction open, once for all of its turn", async () => {
    const store = open();
    await store.subscriptions.step(SIP_KEY, keep(SIP_WATCHER));
    const other = new Database(file);
    other.exec("BEGIN IMMEDIATE");
    const refused = Array.from({ length: 50 }, () => store.subscriptions.step(SIP_KEY, prolonged));
    const results = await Promise.allSettled(refused);
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(["rejected"]));
    // One wait, one error: the event loop does not stand still for each of them.
    expect(new Set(results.map((result) => (result as PromiseRejectedResult).reason)).size).toBe(1);
    await expect(refused[0]).rejects.toMatchObject({ code: "SQLITE_BUSY" });
    expect(cseqOf(store)).toBe(7);
    other.exec("COMMIT");
    other.close();
    await new Promise((resolve) => setImmediate(resolve));
    await store.subscriptions.step(SIP_KEY, notified);
    expect(cseqOf(store)).toBe(8);
    store.close();
  });
});

describe("damage", () => {
  /** Overwrites every fourth page in the middle third of the file. */
  function damage(): void {
    const pages = statSync(file).size / 4096;
    const descriptor = openSync(file, "r+");
    for (let page = Math.floor(pages / 3); page < (pages * 2) / 3; page += 4)
      writeSync(descriptor, Buffer.alloc(4096, 0x5a), 0, 4096, page * 4096);
    closeSync(descriptor);
  }

  test("is found at start, and said with what to do; the file stays as it is", async () => {
    (await filled()).close();
    damage();
    const before = readFileSync(file);
    expect(open).toThrow(/isthmus\.db: .*damaged: restore it from a backup \(docs\/backup\.md\)/);
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(isInstanceRunning(file)).toBe(false);
  });

  test("that comes while the gateway runs rejects the steps that meet it; the others go on", async () => {
    (await filled(1_500)).close();
    const store = looseStore();
    // So few pages are kept in memory that the others are read when they are wanted.
    store.database.pragma("cache_size = 10");
    damage();
    const keys = Array.from({ length: 1_500 }, (_, n) => nthWatcher(n).key);
    const codes: string[] = [];
    for (let from = 0; from < keys.length; from += 50) {
      const group = keys.slice(from, from + 50).map((key) => store.subscriptions.step(key, notified));
      for (const result of await Promise.allSettled(group))
        if (result.status === "rejected") codes.push(result.reason.code);
    }
    expect(codes.length).toBeGreaterThan(0);
    expect(codes.length).toBeLessThan(750);
    expect(new Set(codes)).toEqual(new Set(["SQLITE_CORRUPT"]));
    store.database.close();
  });

  test("of one row's text rejects its steps with the row's key", async () => {
    const store = await filled(2);
    store.close();
    const other = new Database(file);
    const { key } = nthWatcher(1);
    other.prepare("UPDATE subscription SET record = '{' WHERE key = ?").run(key);
    other.close();
    const after = open();
    await expect(after.subscriptions.step(key, notified)).rejects.toThrow(
      `subscription ${key} cannot be read`,
    );
    await after.subscriptions.step(nthWatcher(0).key, notified);
    after.close();
  });
});

describe("a second gateway on the same database", () => {
  test("is refused, and has it when the first is stopped", () => {
    const first = open();
    expect(isInstanceRunning(file)).toBe(true);
    expect(open).toThrow(/isthmus\.db: a gateway runs on it already: stop that one, or name another file/);
    first.close();
    expect(isInstanceRunning(file)).toBe(false);
    open().close();
  });

  test("has it when the first was killed", async () => {
    const holder = `
      const lock = new (require(${JSON.stringify(require.resolve("better-sqlite3"))}))(${JSON.stringify(`${file}-lock`)});
      lock.exec("BEGIN EXCLUSIVE");
      console.log("held");
      setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, ["-e", holder], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    expect(isInstanceRunning(file)).toBe(true);
    expect(open).toThrow(/a gateway runs on it already/);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    open().close();
  });
});

describe("a file that may only be read", () => {
  test.each(["isthmus.db", "."])("(%s) is refused at start with what to do", (name) => {
    open().close();
    chmodSync(folder, 0o755);
    const path = join(folder, name);
    const mode = statSync(path).mode;
    chmodSync(path, mode & 0o555);
    try {
      expect(() => asNobody(open)).toThrow(
        /isthmus\.db: .*must be writable for the user that runs Isthmus\)$/,
      );
    } finally {
      chmodSync(path, mode);
    }
  });

  /** Root may write anything. */
  function asNobody<T>(run: () => T): T {
    const { geteuid, seteuid } = process;
    if (geteuid === undefined || seteuid === undefined || geteuid() !== 0) return run();
    seteuid(65_534);
    try {
      return run();
    } finally {
      seteuid(0);
    }
  }
});

/** A disk of this many octets, where this machine lets us have one. */
function tinyDisk(octets: number): { readonly folder: string; release(): void } | undefined {
  const mounted = mkdtempSync(join(tmpdir(), "isthmus-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${octets}`, "tmpfs", mounted], { stdio: "ignore" });
  } catch {
    rmSync(mounted, { recursive: true });
    return undefined;
  }
  return {
    folder: mounted,
    release: () => {
      // Lazily: a sync that was under way when its store was closed lets go of the log in a later turn of the event loop.
      execFileSync("umount", ["--lazy", mounted]);
      rmSync(mounted, { recursive: true });
    },
  };
}

const probe = tinyDisk(65_536);
probe?.release();

// Who may not mount has the test above, of a file that may not grow.
describe.each(probe === undefined ? [] : ["tmpfs"])("a full disk (%s)", () => {
  test("is said at start, costs no row while the gateway runs, and is got over", async () => {
    const disk = tinyDisk(2_000_000);
    if (disk === undefined) throw new Error("a disk could be had a moment ago");
    try {
      file = join(disk.folder, "isthmus.db");
      const filler = join(disk.folder, "filler");
      const fill = (): void => {
        writeFileSync(filler, "");
        const descriptor = openSync(filler, "w");
        try {
          for (;;) writeSync(descriptor, Buffer.alloc(4096, 1));
        } catch {
          closeSync(descriptor);
        }
      };
      const store = await filled(100);
      fill();
      const before = store.subscriptions.page("", 1_000);
      let refused = 0;
      for (let n = 0; n < 200; n++) {
        const large = { ...SIP_WATCHER, eventId: String(n).repeat(2_000) };
        await store.subscriptions.step(`large ${n}`, keep(large)).catch(() => (refused += 1));
        await store.subscriptions.step(`large ${n}`, keep(undefined)).catch(() => undefined);
      }
      expect(refused).toBeGreaterThan(0);
      expect(store.subscriptions.page("", 1_000)).toEqual(before);
      rmSync(filler);
      await store.subscriptions.step(nthWatcher(0).key, notified);
      store.close();

      mkdirSync(join(disk.folder, "new"));
      fill();
      file = join(disk.folder, "new/isthmus.db");
      expect(open).toThrow(/isthmus\.db: .*make room/);
      rmSync(filler);
      file = join(disk.folder, "isthmus.db");
      fill();
      expect(open).toThrow(/isthmus\.db: .*make room/);
      rmSync(filler);
      const after = open();
      expect(after.subscriptions.count()).toBe(100);
      expect(cseqOf(after, nthWatcher(0).key)).toBe(8);
      after.close();
    } finally {
      disk.release();
    }
  });
});
