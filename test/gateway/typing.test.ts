import type { SipOutcome } from "../../src/core/input";
import { ANSWERED, type Stage, setStage } from "./fake-sides";

const HELLO =
  "<message from='juliet@xmpp.example/balcony' to='romeo@sip.example' type='chat' id='m1'><body>ahoj</body></message>";
const state = (name: string): string =>
  `<message from='juliet@xmpp.example/balcony' to='romeo@sip.example' type='chat'><${name} xmlns='http://jabber.org/protocol/chatstates'/></message>`;
/** The states that the phone was told, one word each, and the refresh where there was one. */
const toldToPhone = (stage: Stage): string[] =>
  stage.requests
    .filter(({ contentType }) => contentType === "application/im-iscomposing+xml")
    .map(({ body }) => Buffer.from(body).toString())
    .map((xml) => `${/<state>(.*?)</.exec(xml)?.[1]} ${/<refresh>(.*?)</.exec(xml)?.[1] ?? ""}`.trim());

async function talking(): Promise<Stage> {
  const stage = await setStage();
  await stage.fromSip();
  await stage.quiet();
  return stage;
}

describe("typing from XMPP (XEP-0085 → RFC 3994)", () => {
  test("nothing is told of somebody whom the phone has never written with", async () => {
    const stage = await setStage();
    stage.fromXmpp(state("composing"));
    await stage.quiet();
    expect(stage.requests).toEqual([]);
  });

  test("active with a refresh, again before it runs out, idle when she pauses", async () => {
    const stage = await talking();
    stage.fromXmpp(state("composing"));
    await stage.quiet();
    expect(toldToPhone(stage)).toEqual(["active 90"]);
    await stage.pass(79_000);
    expect(toldToPhone(stage)).toHaveLength(1);
    await stage.pass(3_000);
    expect(toldToPhone(stage)).toEqual(["active 90", "active 90"]);
    stage.fromXmpp(state("paused"));
    await stage.quiet();
    expect(toldToPhone(stage).at(-1)).toBe("idle");
    await stage.pass(600_000);
    expect(toldToPhone(stage)).toHaveLength(3);
  });

  test("a client that never says it has stopped is idle after five minutes", async () => {
    const stage = await talking();
    stage.fromXmpp(state("composing"));
    await stage.quiet();
    for (let second = 0; second < 310; second++) await stage.pass(1_000);
    expect(toldToPhone(stage)).toEqual(["active 90", "active 90", "active 90", "active 90", "idle"]);
  });

  test("her message says that she has stopped", async () => {
    const stage = await talking();
    stage.fromXmpp(state("composing"));
    stage.fromXmpp(HELLO);
    await stage.quiet();
    await stage.pass(600_000);
    expect(toldToPhone(stage)).toEqual(["active 90"]);
  });

  test("after a 415 the phone hears no more of it (RFC 3994 §4)", async () => {
    const stage = await talking();
    stage.outcomes = [ANSWERED(415), ANSWERED(200)];
    for (const name of ["composing", "paused", "composing"]) {
      stage.fromXmpp(state(name));
      await stage.quiet();
    }
    expect(toldToPhone(stage)).toEqual(["active 90"]);
  });

  test("a phone that was away for a moment hears of it again", async () => {
    const stage = await talking();
    stage.outcomes = [ANSWERED(480), ANSWERED(200)];
    for (const name of ["composing", "paused", "composing"]) {
      stage.fromXmpp(state(name));
      await stage.quiet();
    }
    expect(toldToPhone(stage)).toEqual(["active 90", "idle", "active 90"]);
  });

  test("one notification at a time: of what comes while the phone is silent it hears the newest alone", async () => {
    const stage = await talking();
    const answers: ((outcome: SipOutcome) => void)[] = [];
    stage.outcomes = [() => new Promise((resolve) => void answers.push(resolve))];
    for (const name of ["composing", "paused", "composing", "paused"]) {
      stage.fromXmpp(state(name));
      await stage.quiet();
    }
    expect(toldToPhone(stage)).toEqual(["active 90"]);
    answers[0]?.(ANSWERED(200)());
    await stage.quiet();
    expect(toldToPhone(stage)).toEqual(["active 90", "idle"]);
    stage.fromXmpp(state("composing"));
    answers[1]?.(ANSWERED(415)());
    await stage.quiet();
    expect(toldToPhone(stage)).toEqual(["active 90", "idle"]);
  });

  test("what waits to be told is not told after her message, which says that she has stopped", async () => {
    const stage = await talking();
    const answers: ((outcome: SipOutcome) => void)[] = [];
    stage.outcomes = [() => new Promise((resolve) => void answers.push(resolve)), ANSWERED(200)];
    for (const name of ["composing", "paused", "composing"]) {
      stage.fromXmpp(state(name));
      await stage.quiet();
    }
    stage.fromXmpp(HELLO);
    await stage.quiet();
    answers[0]?.(ANSWERED(200)());
    await stage.quiet();
    expect(toldToPhone(stage)).toEqual(["active 90"]);
    stage.fromXmpp(state("composing"));
    await stage.quiet();
    expect(toldToPhone(stage)).toEqual(["active 90", "active 90"]);
  });

  test("a flood of it takes from her bucket, is dropped beyond it, and she is warned as for messages", async () => {
    const stage = await setStage({
      limits: { rates: { sender: { perSecond: 10, burst: 4 }, slowMs: 400 } },
    });
    await stage.fromSip();
    for (let n = 0; n < 50; n++) {
      stage.fromXmpp(state(n % 2 === 0 ? "composing" : "paused"));
      await stage.quiet();
    }
    expect(toldToPhone(stage)).toHaveLength(8);
    expect(stage.counters.get("xmpp.typing.dropped")).toBe(42);
    expect(stage.stanzas.filter((stanza) => stanza.includes("type='headline'"))).toHaveLength(1);
    expect(stage.stanzas.join("")).not.toContain("type='error'");
    await stage.pass(1_000);
    stage.fromXmpp(state("composing"));
    await stage.quiet();
    expect(toldToPhone(stage)).toHaveLength(9);
    await stage.gateway.stop();
  });

  test("a peer that wants none gets none", async () => {
    const stage = await setStage({ switches: { composing: false } });
    await stage.fromSip();
    stage.fromXmpp(state("composing"));
    await stage.quiet();
    expect(stage.requests).toEqual([]);
  });
});

describe("typing from SIP (RFC 3994 → XEP-0085)", () => {
  const typing = (what: string, refresh?: number) => ({
    contentType: "application/im-iscomposing+xml",
    body: Buffer.from(
      `<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'><state>${what}</state>` +
        `${refresh === undefined ? "" : `<refresh>${refresh}</refresh>`}</isComposing>`,
    ),
  });
  const toldToXmpp = (stage: Stage): string[] =>
    stage.stanzas
      .filter((stanza) => !stanza.includes("<body>"))
      .map((stanza) => /<(composing|active) /.exec(stanza)?.[1] ?? "");

  test("the refresh that he announces is when silence means idle", async () => {
    const stage = await talking();
    await stage.fromSip(typing("active", 60));
    await stage.pass(59_000);
    expect(toldToXmpp(stage)).toEqual(["composing"]);
    await stage.pass(3_000);
    expect(toldToXmpp(stage)).toEqual(["composing", "active"]);
  });

  test("idle is told at once, an unknown state counts as idle, and only once", async () => {
    const stage = await talking();
    await stage.fromSip(typing("active"));
    await stage.fromSip(typing("thinking"));
    await stage.fromSip(typing("idle"));
    expect(toldToXmpp(stage)).toEqual(["composing", "active"]);
  });

  test("no timer is left when the gateway has stopped", async () => {
    const stage = await talking();
    await stage.fromSip(typing("active"));
    await stage.gateway.stop();
    const before = stage.stanzas.length;
    await stage.pass(600_000);
    expect(stage.stanzas).toHaveLength(before);
  });
});
