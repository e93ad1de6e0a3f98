import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProofOutcome } from "../../src/core/input";
import type { Store } from "../../src/gateway/sides";
import { openStore } from "../../src/store/sqlite-store";
import { ANSWERED, PROVEN, setStage } from "./fake-sides";

const MIGRATIONS = join(__dirname, "../../migrations");
const DOWN = (): ProofOutcome => ({ kind: "link-down", retryAfter: 1 });
const LATE = (): ProofOutcome => ({ kind: "late" });
const hello = (n: number, to = "romeo@sip.example"): string =>
  `<message from='juliet@xmpp.example/balcony' to='${to}' type='chat' id='m${n}'><body>text ${n}</body></message>`;
const idsOf = (stanzas: readonly string[]): string[] =>
  stanzas.map((stanza) => / id='([^']+)'/.exec(stanza)?.[1] ?? "");

describe("what an XMPP sender is owed is told until the XMPP server has it (architecture §4 point 3)", () => {
  test("a telling that fails while a slow round is under way starts no second round: nothing is told twice or forgotten", async () => {
    const stage = await setStage();
    stage.outcomes = [ANSWERED(404)];
    stage.proofs = [DOWN];
    for (const n of [1, 2]) stage.fromXmpp(hello(n));
    await stage.quiet();
    const release: (() => void)[] = [];
    stage.proofs = [() => new Promise((resolve) => release.push(() => resolve(PROVEN())))];
    stage.stanzas.length = 0;
    await stage.pass(1_100);
    stage.proofs = [DOWN, () => new Promise((resolve) => release.push(() => resolve(PROVEN())))];
    stage.fromXmpp(hello(3));
    await stage.quiet();
    await stage.pass(5_000);
    expect(idsOf(stage.stanzas)).toEqual(["m1", "m2", "m3"]);
    for (const one of release.splice(0)) one();
    await stage.quiet();
    await stage.pass(1_100);
    for (const one of release.splice(0)) one();
    await stage.quiet();
    expect(idsOf(stage.stanzas)).toEqual(["m1", "m2", "m3", "m3"]);
    expect(stage.store.journalSize()).toBe(0);
    expect(stage.gateway.state().owedReports).toBe(0);
  });

  test("what was late is told again, with the same id, until it is proven", async () => {
    const stage = await setStage();
    stage.outcomes = [ANSWERED(404)];
    stage.proofs = [LATE, LATE, PROVEN];
    stage.fromXmpp(hello(1));
    await stage.quiet();
    await stage.pass(5_000);
    await stage.pass(5_000);
    expect(idsOf(stage.stanzas)).toEqual(["m1", "m1", "m1"]);
    expect(stage.store.journalSize()).toBe(0);
  });

  test("a refusal that could not be told is kept on disk and told when the link is up again", async () => {
    const stage = await setStage();
    stage.proofs = [DOWN];
    stage.fromXmpp(hello(1).replace("juliet@xmpp.example", "juliet@stranger.example"));
    await stage.quiet();
    expect(stage.store.journalLeft()[0]?.report).toContain("<forbidden ");
    stage.proofs = [PROVEN];
    await stage.pass(1_100);
    expect(idsOf(stage.stanzas)).toEqual(["m1", "m1"]);
    expect(stage.store.journalSize()).toBe(0);
  });

  test("a component host that is down does not keep the senders of another waiting", async () => {
    const stage = await setStage();
    stage.outcomes = [ANSWERED(404)];
    stage.down.add("sip.example").add("other.example");
    stage.fromXmpp(hello(1, "romeo@sip.example"));
    stage.fromXmpp(hello(2, "tybalt@other.example"));
    await stage.quiet();
    expect(stage.gateway.state().owedReports).toBe(2);
    stage.down.delete("other.example");
    await stage.pass(1_100);
    expect(idsOf(stage.stanzas)).toEqual(["m2"]);
    stage.down.clear();
    await stage.pass(1_100);
    expect(idsOf(stage.stanzas)).toEqual(["m2", "m1"]);
  });
});

describe("across a restart", () => {
  let folder: string;
  const open = (): Store => openStore({ file: join(folder, "isthmus.db"), migrations: MIGRATIONS });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "isthmus-reports-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("the error of a message that SIP refused is told by the next life, and the message is not sent again", async () => {
    const before = await setStage({ store: open() });
    before.outcomes = [ANSWERED(404)];
    before.proofs = [DOWN];
    before.fromXmpp(hello(1));
    await before.quiet();
    expect(await before.gateway.stop()).toMatchObject({ journalled: 1 });
    const after = await setStage({ store: open() });
    await after.pass(1_100);
    expect(after.requests).toEqual([]);
    expect(after.stanzas).toHaveLength(1);
    expect(after.stanzas[0]).toContain("<item-not-found ");
    expect(after.stanzas[0]).toContain("id='m1'");
    expect(after.store.journalSize()).toBe(0);
    await after.gateway.stop();
  });

  test("a refusal that could not be told is told by the next life", async () => {
    const before = await setStage({ store: open() });
    before.proofs = [DOWN];
    before.fromXmpp(hello(1).replace("juliet@xmpp.example", "juliet@stranger.example"));
    await before.quiet();
    await before.gateway.stop();
    const after = await setStage({ store: open() });
    await after.pass(1_100);
    expect(after.stanzas).toHaveLength(1);
    expect(after.stanzas[0]).toContain("<forbidden ");
    expect(after.requests).toEqual([]);
    expect(after.store.journalSize()).toBe(0);
    await after.gateway.stop();
  });

  test("a report is read back however long the id that it answers", async () => {
    const id = "i".repeat(60_000);
    const before = await setStage({ store: open() });
    before.outcomes = [ANSWERED(404)];
    before.proofs = [DOWN];
    before.fromXmpp(hello(1).replace("m1", id));
    await before.quiet();
    before.store.journalReport(
      before.store.journalLeft()[0]!.seq,
      before.store.journalLeft()[0]!.report!.replace(id, "i".repeat(300_000)),
    );
    await before.gateway.stop();
    const after = await setStage({ store: open() });
    await after.pass(1_100);
    expect(idsOf(after.stanzas)[0]).toHaveLength(300_000);
    await after.gateway.stop();
  });
});
