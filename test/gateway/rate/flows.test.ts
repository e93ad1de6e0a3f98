/** Senders who go too fast, through the whole gateway. */

import { ANSWERED, PROVEN, type Stage, setStage } from "../fake-sides";

const RATES = { sender: { perSecond: 10, burst: 2 }, slowMs: 400 };
let stage: Stage;
beforeEach(async () => {
  stage = await setStage({ limits: { rates: RATES } });
});
afterEach(() => stage.gateway.stop());

const write = (n: number, from = "juliet@xmpp.example/b", to = "romeo@sip.example"): void =>
  stage.fromXmpp(`<message from='${from}' to='${to}' type='chat' id='m${n}'><body>${n}</body></message>`);
const sent = (): string[] => stage.requests.map(({ body }) => Buffer.from(body).toString());

describe("from XMPP", () => {
  test("a burst goes at once, the next ones in their order and at their rate, then one is warned, then refused", async () => {
    for (let n = 1; n <= 8; n++) write(n);
    await stage.quiet();
    expect(sent()).toEqual(["1", "2"]);
    expect(stage.gateway.state().journal).toBe(4);
    await stage.pass(110);
    expect(sent()).toEqual(["1", "2", "3"]);
    await stage.pass(400);
    expect(sent()).toEqual(["1", "2", "3", "4", "5", "6"]);
    const warnings = stage.stanzas.filter((stanza) => stanza.includes("headline"));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/from='sip.example' to='juliet@xmpp.example\/b'/);
    const errors = stage.stanzas.filter((stanza) => stanza.includes("type='error'"));
    expect(errors.map((error) => /id='(m\d)'/.exec(error)?.[1])).toEqual(["m7", "m8"]);
    expect(errors[0]).toMatch(/<error type='wait'><resource-constraint/);
  });

  test("another resource of the same person has no bucket of its own; another person has", async () => {
    for (let n = 1; n <= 8; n++) write(n, `juliet@xmpp.example/r${n}`);
    write(9, "nurse@xmpp.example/x");
    await stage.quiet();
    expect(sent().sort()).toEqual(["1", "2", "9"]);
    expect(stage.counters.get("rate.refused.sender")).toBe(2);
  });

  test("a flood is told that it is refused as fast as its sender may write, and no faster; the rest is counted", async () => {
    for (let n = 1; n <= 106; n++) write(n);
    await stage.quiet();
    const told = () => stage.stanzas.filter((stanza) => stanza.includes("resource-constraint")).length;
    expect(told()).toBe(10);
    expect(stage.counters.get("rate.refused.sender")).toBe(100);
    expect(stage.counters.get("rate.untold")).toBe(90);
    await stage.pass(1_000);
    for (let n = 201; n <= 230; n++) write(n);
    await stage.quiet();
    expect(told()).toBe(20);
  });

  test("while he is refused only what would become a MESSAGE is, and only his", async () => {
    for (let n = 1; n <= 7; n++) write(n);
    await stage.quiet();
    const before = stage.stanzas.length;
    for (const type of ["error", "groupchat", "headline"])
      stage.fromXmpp(
        `<message from='juliet@xmpp.example/b' to='romeo@sip.example' type='${type}' id='t'><body>x</body></message>`,
      );
    stage.fromXmpp(
      "<message from='juliet@xmpp.example/b' to='romeo@sip.example' type='chat'><active xmlns='http://jabber.org/protocol/chatstates'/></message>",
    );
    write(8, "nurse@xmpp.example/x");
    await stage.quiet();
    expect(stage.stanzas.length).toBe(before);
    expect(sent()).toContain("8");
    expect(stage.counters.get("rate.refused.sender")).toBe(2);
    expect(stage.counters.get("xmpp.message.refused.TOO_FAST")).toBe(1);
    expect(stage.counters.get("xmpp.typing.dropped")).toBe(1);
  });

  test("a flood of what is refused for another reason is one as well", async () => {
    for (let n = 1; n <= 50; n++) write(n, "juliet@xmpp.example/b", "nobody@elsewhere.example");
    await stage.quiet();
    const errors = stage.stanzas.filter((stanza) => stanza.includes("type='error'"));
    expect(errors.filter((error) => !error.includes("resource-constraint"))).toHaveLength(6);
    expect(errors).toHaveLength(16);
    write(51);
    await stage.quiet();
    expect(sent()).toEqual([]);
  });

  test("what is slowed is on disk: nothing is lost by a stop", async () => {
    for (let n = 1; n <= 6; n++) write(n);
    await stage.quiet();
    const { journalled } = await stage.gateway.stop();
    expect(journalled).toBe(4);
    stage = await setStage();
  });
});

describe("from SIP", () => {
  test("slow answers, then a warning in one, then 500 with Retry-After, and free again with time", async () => {
    const answers = Array.from({ length: 8 }, (_, n) => stage.fromSip({ body: Buffer.from(String(n)) }));
    await stage.quiet();
    expect(stage.stanzas).toHaveLength(2);
    await stage.pass(500);
    const all = await Promise.all(answers);
    expect(all.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202, 202, 500, 500]);
    expect(all.map(({ headers }) => headers.map(([name]) => name).join())).toEqual([
      ...["", "", "", "", "Warning", ""],
      ...["Retry-After", "Retry-After"],
    ]);
    expect(stage.stanzas.map((stanza) => /<body>(\d)/.exec(stanza)?.[1])).toEqual([
      "0",
      "1",
      "2",
      "3",
      "4",
      "5",
    ]);
    await stage.pass(10_000);
    expect((await stage.fromSip()).status).toBe(202);
  });

  test("a flood of what is refused for another reason is one as well", async () => {
    const answers = Array.from({ length: 20 }, () => stage.fromSip({ contentType: "image/png" }));
    await stage.pass(500);
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses).toEqual([...Array(6).fill(415), ...Array(14).fill(500)]);
  });

  test("whoever waits when the gateway stops is told to come again", async () => {
    stage.proofs = [PROVEN];
    const answers = Array.from({ length: 4 }, () => stage.fromSip());
    await stage.quiet();
    await stage.gateway.stop();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([202, 202, 503, 503]);
    stage = await setStage();
  });

  test("a peer's own bucket answers 503: nobody's requests are wanted from there for a while", async () => {
    await stage.gateway.stop();
    stage = await setStage({
      limits: { rates: { peer: { perSecond: 1, burst: 1 }, slowMs: 1 } },
      outcomes: [ANSWERED(200)],
    });
    expect((await stage.fromSip()).status).toBe(202);
    const refused = await stage.fromSip({ fromUri: "sip:mercutio@sip.example" });
    expect(refused).toMatchObject({ status: 503, headers: [["Retry-After", "1"]] });
    expect((await stage.fromSip({ peer: "others", fromUri: "sip:x@other.example" })).status).toBe(202);
  });
});
