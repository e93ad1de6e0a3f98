import type { Element } from "../../src/xml/element";
import { parseXml } from "../../src/xml/parser";
import { ANSWERED, type Stage, setStage } from "./fake-sides";

const HELLO =
  "<message from='juliet@xmpp.example/balcony' to='romeo@sip.example' type='chat' id='m1'><body>ahoj</body></message>";
/** The stanza error that the XMPP server sends for a stanza, with what it says. */
const bounce =
  (inside: string, beside = "") =>
  (stanza: { attrs: Readonly<Record<string, string>> }) => {
    const { from, to, id } = stanza.attrs;
    return {
      kind: "bounced" as const,
      error: parsed(
        `<message xmlns='jabber:client' type='error' from='${to}' to='${from}' id='${id}'>${beside}<error type='wait'>${inside}</error></message>`,
      ),
    };
  };
function parsed(xml: string): Element {
  const result = parseXml(xml);
  if (!result.ok) throw new Error(result.detail);
  return result.root;
}
const S = "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'";

async function told(stage: Stage): Promise<string> {
  stage.fromXmpp(HELLO);
  await stage.quiet();
  return stage.stanzas[0] ?? "";
}

describe("what the XMPP sender reads of a SIP failure (RFC 7247 §7.2)", () => {
  test("Retry-After is told in words, to programs, and makes the error one that waits", async () => {
    const stage = await setStage();
    stage.outcomes = [ANSWERED(503, { reason: "Busy Lines", retryAfter: 120 })];
    const stanza = await told(stage);
    expect(stanza).toContain("<error type='wait'>");
    expect(stanza).toContain("Busy Lines; retry after 120 s</text>");
    expect(stanza).toContain("<header name='Retry-After'>120</header>");
  });

  test("a Reason-Phrase is the text, as one clean line, whatever is in it", async () => {
    const stage = await setStage();
    stage.outcomes = [ANSWERED(480, { reason: "Gone <fishing>\r\nX: y\u202e & \u0007back" })];
    expect(await told(stage)).toContain(">Gone &lt;fishing&gt; X: y &amp; back</text>");
  });

  test("a new address is named as an XMPP address where a rule knows it (RFC 6120 §8.3.3.5)", async () => {
    const stage = await setStage();
    stage.outcomes = [ANSWERED(301, { contacts: ["sip:romeo@other.example"] })];
    expect(await told(stage)).toContain(`<gone ${S}>xmpp:romeo@other.example</gone>`);
  });

  test.each([
    300, 380, 401, 402, 404, 405, 415, 421, 439, 480, 486, 488, 499, 500, 503, 504, 513, 599, 600, 606, 699,
  ])("bug 4: %i is an error with a type, to him, with his id, once", async (status) => {
    const stage = await setStage();
    stage.outcomes = [ANSWERED(status)];
    expect(await told(stage)).toMatch(
      /^<message type='error' id='m1' from='romeo@sip.example' to='juliet@xmpp.example\/balcony'>.*<error type='(auth|cancel|modify|wait)'><[a-z-]+ xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/,
    );
    await stage.pass(60_000);
    expect(stage.stanzas).toHaveLength(1);
    expect(stage.store.journalSize()).toBe(0);
  });
});

describe("what the SIP sender reads of a stanza error (RFC 7247 §7.1)", () => {
  test("Retry-After is kept where the answer may carry it (RFC 3261 §20.33)", async () => {
    const stage = await setStage();
    const shim =
      "<headers xmlns='http://jabber.org/protocol/shim'><header name='Retry-After'>30</header></headers>";
    stage.proofs = [bounce(`<resource-constraint ${S}/>`, shim)];
    expect(await stage.fromSip()).toMatchObject({ status: 500, headers: [["Retry-After", "30"]] });
  });

  test("the text is the Reason-Phrase, one line of at most 200 characters", async () => {
    const stage = await setStage();
    stage.proofs = [
      bounce(`<item-not-found ${S}/><text ${S}>No&#10;such\r\nperson: ${"é".repeat(300)}</text>`),
    ];
    const { reason } = await stage.fromSip();
    expect(reason).toMatch(/^No such person: é+…$/);
    expect([...reason]).toHaveLength(200);
  });

  test("503 is never the answer to an XMPP error, nor 408 (RFC 7247 §7.1 note 5, RFC 4320 §4.2)", async () => {
    const stage = await setStage();
    stage.proofs = [bounce(`<service-unavailable ${S}/>`), bounce(`<remote-server-timeout ${S}/>`)];
    expect((await stage.fromSip()).status).toBe(403);
    expect((await stage.fromSip()).status).toBe(504);
  });

  test("an error that says nothing is 400", async () => {
    const stage = await setStage();
    stage.proofs = [bounce("")];
    expect((await stage.fromSip()).status).toBe(400);
  });
});

describe("a thread is a Call-ID, and the same thread when the other answers (RFC 7572 Table 1)", () => {
  test.each(["e0ffe42b28561960c6b12b944a092794b9683a38", "two words & <more>", "vlákno"])(
    "%s",
    async (thread) => {
      const stage = await setStage();
      const escaped = thread.replace("&", "&amp;").replace("<", "&lt;");
      stage.fromXmpp(HELLO.replace("</message>", `<thread>${escaped}</thread></message>`));
      await stage.quiet();
      await stage.fromSip({ callId: stage.requests[0]!.callId });
      expect(stage.stanzas[0]).toContain(`<thread>${escaped.replace(">", "&gt;")}</thread>`);
    },
  );

  test("a Call-ID of a phone is a thread, and the same Call-ID when the other answers", async () => {
    const stage = await setStage();
    await stage.fromSip({ callId: "a84b4c76e66710@pc33.sip.example" });
    const thread = /<thread>.*<\/thread>/.exec(stage.stanzas[0]!)?.[0];
    stage.fromXmpp(HELLO.replace("</message>", `${thread}</message>`));
    await stage.quiet();
    expect(stage.requests[0]!.callId).toBe("a84b4c76e66710@pc33.sip.example");
  });

  test("within one thread CSeq grows, also after a restart (RFC 3261 §12.2.1.1)", async () => {
    const stage = await setStage();
    for (const n of [1, 2]) stage.fromXmpp(HELLO.replace("m1", `m${n}`));
    await stage.quiet();
    const again = await setStage({ store: stage.store });
    again.fromXmpp(HELLO);
    await again.quiet();
    const [first, second, third] = [...stage.requests, ...again.requests.slice(-1)].map(({ cseq }) => cseq);
    expect(first).toBeLessThan(second!);
    expect(second).toBeLessThan(third!);
  });
});
