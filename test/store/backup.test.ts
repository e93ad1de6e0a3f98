import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SipWatcherRecord } from "../../src/core/subscription/record";
import { type OpenStore, openStore } from "../../src/store/sqlite-store";
import { keep, notified, nthWatcher } from "./records";

const MIGRATIONS = join(__dirname, "../../migrations");
const ROWS = 400;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "isthmus-backup-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** As docs/backup.md says: by another process, while the gateway writes. */
const WAYS: readonly [string, string][] = [
  ["VACUUM INTO", "from.prepare('VACUUM INTO ?').run(to)"],
  // What the shell's .backup does.
  ["the backup API", "from.backup(to)"],
];

function backUp(way: string, file: string, copy: string): Promise<number | null> {
  const driver = JSON.stringify(require.resolve("better-sqlite3"));
  const script = `const [file, to] = process.argv.slice(1); const from = new (require(${driver}))(file, { readonly: true }); ${way}`;
  const child = spawn(process.execPath, ["-e", script, file, copy], { stdio: "inherit" });
  return new Promise((resolve) => child.once("exit", resolve));
}

test.each(WAYS)(
  "%s in a storm of changes gives a file of one moment, which a gateway starts with",
  async (_, way) => {
    const [file, copy] = [join(folder, "isthmus.db"), join(folder, "copy.db")];
    const store = openStore({ file, migrations: MIGRATIONS });
    await everyRow(store, (n) => keep(nthWatcher(n).record));
    let rounds = 0;
    let isOver = false;
    // Every round is one group: a file of one moment has all rows at the same round.
    const storm = (async () => {
      for (; !isOver; rounds++) await everyRow(store, () => notified);
    })();
    expect(await backUp(way, file, copy)).toBe(0);
    expect(rounds).toBeGreaterThan(0);
    isOver = true;
    await storm;
    store.close();

    const restored = openStore({ file: copy, migrations: MIGRATIONS });
    const rows = restored.subscriptions.page("", ROWS + 1) as SipWatcherRecord[];
    expect(rows).toHaveLength(ROWS);
    expect(new Set(rows.map(({ dialog }) => dialog.localCseq)).size).toBe(1);
    await everyRow(restored, () => notified);
    restored.close();
  },
);

function everyRow(
  store: OpenStore,
  stepFor: (n: number) => Parameters<OpenStore["subscriptions"]["step"]>[1],
): Promise<unknown> {
  return Promise.all(
    Array.from({ length: ROWS }, (_, n) => store.subscriptions.step(nthWatcher(n).key, stepFor(n))),
  );
}
