import { join } from "node:path";
import type { Store } from "../../src/gateway/sides";
import { openStore } from "../../src/store/sqlite-store";
import { ANSWERED, setStage } from "./fake-sides";

const hello = (n: number, text = `text ${n}`): string =>
  `<message from='juliet@xmpp.example/balcony' to='romeo@sip.example' type='chat' id='m${n}'><body>${text}</body></message>`;
const memoryStore = (): Store =>
  openStore({ file: ":memory:", migrations: join(__dirname, "../../migrations") });
const NEVER = () => new Promise<never>(() => undefined);

describe("when a side cannot keep up, the other is told", () => {
  test("SIP: 503 with Retry-After when too many stanzas wait for their proof", async () => {
    const stage = await setStage();
    stage.proofs = [() => ({ kind: "full", retryAfter: 1 })];
    expect(await stage.fromSip()).toMatchObject({ status: 503, headers: [["Retry-After", "1"]] });
    expect(stage.counters.get("sip.message.refused.OVERLOADED")).toBe(1);
  });

  test("XMPP: one flood fills its own pair and nothing else", async () => {
    const stage = await setStage({ limits: { maximumPerPair: 2 } });
    stage.outcomes = [NEVER];
    for (const n of [1, 2]) stage.fromXmpp(hello(n));
    await stage.quiet();
    stage.fromXmpp(hello(3));
    stage.fromXmpp(hello(4).replace("romeo@", "mercutio@"));
    await stage.quiet();
    expect(stage.stanzas).toHaveLength(1);
    expect(stage.stanzas[0]).toContain("id='m3'");
    expect(stage.stanzas[0]).toContain("<error type='wait'><resource-constraint ");
    expect(stage.requests).toHaveLength(2);
  });

  test("XMPP: long messages cannot fill the memory before their number fills the journal", async () => {
    const stage = await setStage({ limits: { maximumQueuedOctets: 100_000 } });
    let release = (): void => undefined;
    stage.outcomes = [() => new Promise((resolve) => (release = () => resolve(ANSWERED(200)())))];
    stage.fromXmpp(hello(1, "x".repeat(90_000)));
    await stage.quiet();
    stage.fromXmpp(hello(2, "x".repeat(10_000)));
    await stage.quiet();
    expect(stage.stanzas[0]).toContain("id='m2'");
    expect(stage.stanzas[0]).toContain("<resource-constraint ");
    release();
    await stage.quiet();
    stage.fromXmpp(hello(3, "x".repeat(90_000)));
    await stage.quiet();
    expect(stage.requests).toHaveLength(2);
  });
});

describe("a store that fails costs no message its answer", () => {
  test("what cannot be journalled is not sent: resource-constraint", async () => {
    const store = memoryStore();
    const stage = await setStage({ store });
    store.journal = async () => {
      throw new Error("disk full");
    };
    stage.fromXmpp(hello(1));
    await stage.quiet();
    expect(stage.requests).toEqual([]);
    expect(stage.stanzas[0]).toContain("<resource-constraint ");
  });

  test("a fault of our own becomes internal-server-error with a fixed text, and the next message goes its way", async () => {
    const store = memoryStore();
    const stage = await setStage({ store });
    const { nextSeq } = store;
    store.nextSeq = () => {
      throw new Error("private detail");
    };
    stage.fromXmpp(hello(1));
    store.nextSeq = nextSeq.bind(store);
    stage.fromXmpp(hello(2));
    await stage.quiet();
    expect(stage.stanzas[0]).toContain("<internal-server-error ");
    expect(stage.stanzas[0]).toContain("Something went wrong in the gateway");
    expect(stage.stanzas.join()).not.toContain("private detail");
    expect(stage.requests).toHaveLength(1);
  });

  test("neither texts nor what was wrong inside them reaches the log (E21)", async () => {
    const stage = await setStage();
    await stage.fromSip({
      contentType: "message/cpim",
      body: Buffer.from("From: <sip:romeo@sip.example>\r\nmy secret text\r\n"),
    });
    await stage.fromSip({ body: Buffer.from("my secret text"), subject: "my secret text" });
    stage.fromXmpp(hello(1, "my secret text"));
    await stage.quiet();
    expect(stage.logged.length).toBeGreaterThan(2);
    expect(JSON.stringify(stage.logged)).not.toContain("secret text");
  });
});
