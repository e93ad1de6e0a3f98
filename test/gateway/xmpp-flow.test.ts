import { join } from "node:path";
import { openStore } from "../../src/store/sqlite-store";
import { ANSWERED, PROVEN, setStage } from "./fake-sides";

const HELLO =
  "<message from='juliet@xmpp.example/balcony' to='romeo@sip.example' type='chat' id='m1'><body>ahoj</body></message>";
const numbered = (n: number) => HELLO.replace("m1", `m${n}`).replace("ahoj", `text ${n}`);

describe("XMPP → SIP is journalled and ends in delivery, a receipt or a stanza error (architecture §4 point 3)", () => {
  test("2xx: delivered, nothing is told, the journal is empty", async () => {
    const stage = await setStage();
    stage.fromXmpp(HELLO);
    await stage.quiet();
    expect(stage.requests).toHaveLength(1);
    expect(Buffer.from(stage.requests[0]!.body).toString()).toBe("ahoj");
    expect(stage.stanzas).toEqual([]);
    expect(stage.store.journalSize()).toBe(0);
  });

  test("the request goes out only when the entry is on disk", async () => {
    const stage = await setStage();
    let sizeAtSend = -1;
    stage.outcomes = [
      () => {
        sizeAtSend = stage.store.journalLeft().length;
        return ANSWERED(200)();
      },
    ];
    stage.fromXmpp(HELLO);
    expect(stage.requests).toHaveLength(0);
    await stage.quiet();
    expect(sizeAtSend).toBe(1);
  });

  test.each([
    [404, "item-not-found"],
    [480, "recipient-unavailable"],
    [503, "internal-server-error"],
    [408, "remote-server-timeout"],
    [603, "recipient-unavailable"],
  ])("bug 4: %i becomes %s with the same id", async (status, condition) => {
    const stage = await setStage();
    stage.outcomes = [ANSWERED(status)];
    stage.fromXmpp(HELLO);
    await stage.quiet();
    expect(stage.stanzas).toHaveLength(1);
    expect(stage.stanzas[0]).toContain("type='error'");
    expect(stage.stanzas[0]).toContain("id='m1'");
    expect(stage.stanzas[0]).toContain("to='juliet@xmpp.example/balcony'");
    expect(stage.stanzas[0]).toContain(`<${condition} `);
    expect(stage.store.journalSize()).toBe(0);
  });

  test("messages of one pair go one after another, in order; another pair does not wait", async () => {
    const stage = await setStage();
    const release: (() => void)[] = [];
    stage.outcomes = [() => new Promise((resolve) => release.push(() => resolve(ANSWERED(200)())))];
    for (const n of [1, 2, 3]) stage.fromXmpp(numbered(n));
    stage.fromXmpp(numbered(4).replace("juliet@", "nurse@"));
    await stage.quiet();
    expect(stage.requests.map((request) => Buffer.from(request.body).toString())).toEqual([
      "text 1",
      "text 4",
    ]);
    release[0]?.();
    await stage.quiet();
    expect(Buffer.from(stage.requests[2]!.body).toString()).toBe("text 2");
  });

  test("a full journal is answered resource-constraint, with the id", async () => {
    const stage = await setStage({ limits: { maximumJournal: 1 } });
    stage.outcomes = [() => new Promise(() => undefined)];
    stage.fromXmpp(numbered(1));
    stage.fromXmpp(numbered(2));
    await stage.quiet();
    expect(stage.stanzas).toHaveLength(1);
    expect(stage.stanzas[0]).toContain("<resource-constraint ");
    expect(stage.stanzas[0]).toContain("id='m2'");
  });

  test("what waited past its deadline is not sent: its sender is told", async () => {
    const stage = await setStage({ limits: { messageDeadlineMs: 60_000 } });
    let release = (): void => undefined;
    stage.outcomes = [() => new Promise((resolve) => (release = () => resolve(ANSWERED(200)())))];
    stage.fromXmpp(numbered(1));
    stage.fromXmpp(numbered(2));
    await stage.quiet();
    await stage.pass(61_000);
    release();
    await stage.quiet();
    expect(stage.requests).toHaveLength(1);
    expect(stage.stanzas[0]).toContain("id='m2'");
    expect(stage.stanzas[0]).toContain("<remote-server-timeout ");
  });

  test("while the link is down the sender's error is kept, and told when it is up again", async () => {
    const stage = await setStage();
    stage.outcomes = [ANSWERED(404)];
    stage.proofs = [() => ({ kind: "link-down", retryAfter: 1 })];
    stage.fromXmpp(HELLO);
    await stage.quiet();
    expect(stage.store.journalLeft()[0]?.report).toContain("item-not-found");
    stage.proofs = [PROVEN];
    await stage.pass(1_100);
    expect(stage.stanzas).toHaveLength(2);
    expect(stage.store.journalSize()).toBe(0);
  });

  test("bug 16: groupchat, headline, error and bodiless stanzas never become a MESSAGE", async () => {
    const stage = await setStage();
    for (const type of ["groupchat", "headline", "error"])
      stage.fromXmpp(HELLO.replace("'chat'", `'${type}'`));
    stage.fromXmpp(HELLO.replace(/<body>.*<\/body>/, ""));
    await stage.quiet();
    expect(stage.requests).toEqual([]);
    expect(stage.stanzas).toEqual([]);
  });
});

describe("receipts (XEP-0184, RFC 5438)", () => {
  const asking = HELLO.replace("</message>", "<request xmlns='urn:xmpp:receipts'/></message>");

  test("without IMDN, a 200 of the phone is the receipt; a 202 is none", async () => {
    const stage = await setStage();
    stage.fromXmpp(asking);
    await stage.quiet();
    expect(stage.stanzas[0]).toContain("<received xmlns='urn:xmpp:receipts' id='m1'/>");
    stage.outcomes = [ANSWERED(202)];
    stage.fromXmpp(asking);
    await stage.quiet();
    expect(stage.stanzas).toHaveLength(1);
  });

  test("with IMDN the text goes in CPIM; a phone that answers 415 gets it plain, and from then on always", async () => {
    const stage = await setStage({ switches: { imdn: true } });
    stage.outcomes = [ANSWERED(415), ANSWERED(200)];
    stage.fromXmpp(asking);
    await stage.quiet();
    expect(stage.requests.map((request) => request.contentType.split(";")[0])).toEqual([
      "message/cpim",
      "text/plain",
    ]);
    expect(Buffer.from(stage.requests[1]!.body).toString()).toBe("ahoj");
    stage.fromXmpp(asking);
    await stage.quiet();
    expect(stage.requests[2]!.contentType).toMatch(/^text\/plain/);
  });
});

test("after a crash the journal is resumed: the same Call-ID, CSeq and branch", async () => {
  const migrations = join(__dirname, "../../migrations");
  const store = openStore({ file: ":memory:", migrations });
  const before = await setStage({ store });
  before.outcomes = [() => new Promise(() => undefined)];
  before.fromXmpp(HELLO);
  await before.quiet();
  const after = await setStage({ store });
  await after.quiet();
  expect(after.requests).toHaveLength(1);
  const [{ callId, cseq, branch, body }] = [after.requests[0]!];
  const first = before.requests[0]!;
  expect({ callId, cseq, branch }).toEqual({ callId: first.callId, cseq: first.cseq, branch: first.branch });
  expect(Buffer.from(body).toString()).toBe("ahoj");
  expect(store.journalSize()).toBe(0);
});
