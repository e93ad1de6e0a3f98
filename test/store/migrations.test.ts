import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { openStore } from "../../src/store/sqlite-store";
import { keep, SIP_KEY, SIP_WATCHER } from "./records";

const MIGRATIONS = join(__dirname, "../../migrations");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "isthmus-migrations-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a file of the first schema becomes the same as an empty one, and keeps its rows", async () => {
  const [older, empty] = [join(folder, "older.db"), join(folder, "empty.db")];
  const first = new Database(older);
  first.pragma("journal_mode = WAL");
  first.exec(readFileSync(join(MIGRATIONS, "0001-messages.sql"), "utf8"));
  first.pragma("user_version = 1");
  first.exec(`
    INSERT INTO journal VALUES (41, 'a b', 'r', 5, '{"toUri":"sip:romeo@sip.example"}', x'616200', '{"id":"m"}', NULL);
    INSERT INTO receipt VALUES ('sip', 'k', 'value', 9000);
    INSERT INTO counter VALUES ('seq', 10000);`);
  first.close();

  openStore({ file: empty, migrations: MIGRATIONS }).close();
  const store = openStore({ file: older, migrations: MIGRATIONS });
  expect(store.journalLeft()).toMatchObject([{ seq: 41, request: { toUri: "sip:romeo@sip.example" } }]);
  expect(store.getReceipt("sip", "k", 8_999)).toBe("value");
  expect(store.nextSeq()).toBe(10_000);
  await store.subscriptions.step(SIP_KEY, keep(SIP_WATCHER));
  store.close();
  expect(schemaOf(older)).toEqual(schemaOf(empty));
});

test("a migration that fails changes nothing, and is named", () => {
  const file = join(folder, "isthmus.db");
  const first = new Database(file);
  first.exec("CREATE TABLE publication (mine)");
  first.close();
  expect(() => openStore({ file, migrations: MIGRATIONS })).toThrow(
    /isthmus\.db: migration .*0002-subscriptions\.sql failed: table publication already exists/,
  );
  const after = new Database(file, { readonly: true });
  expect(after.pragma("user_version", { simple: true })).toBe(1);
  expect(
    after.prepare("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'subscription%'").pluck().get(),
  ).toBe(0);
  after.close();
});

function schemaOf(file: string): unknown {
  const database = new Database(file, { readonly: true });
  const schema = database.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name").all();
  const version = database.pragma("user_version", { simple: true });
  database.close();
  return { schema, version };
}
