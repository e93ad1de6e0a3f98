import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseCpim } from "../../src/core/message/cpim";
import { openStore } from "../../src/store/sqlite-store";
import { ANSWERED, PROVEN, type Stage, setStage } from "./fake-sides";

const WANTS = "positive-delivery, negative-delivery, display";
/** Romeo's CPIM message that asks for notifications (RFC 5438 §7.1.1). */
const asking = (text = "hello", wants = WANTS) => ({
  contentType: "message/cpim",
  body: Buffer.from(
    [
      "From: <sip:romeo@sip.example>",
      "To: <sip:juliet@xmpp.example>",
      "DateTime: 2026-01-02T03:04:05Z",
      "NS: imdn <urn:ietf:params:imdn>",
      "imdn.Message-ID: 34jk324j",
      `imdn.Disposition-Notification: ${wants}`,
      "",
      "Content-Type: text/plain; charset=utf-8",
      "",
      text,
    ].join("\r\n"),
  ),
});
const idOf = (stanza = ""): string => / id='([^']+)'/.exec(stanza)?.[1] ?? "";
const says = (
  what: "received xmlns='urn:xmpp:receipts'" | "displayed xmlns='urn:xmpp:chat-markers:0'",
  id: string,
  from = "juliet@xmpp.example/balcony",
) => `<message from='${from}' to='romeo@sip.example' id='r1'><${what} id='${id}'/></message>`;
const received = (id: string, from?: string) => says("received xmlns='urn:xmpp:receipts'", id, from);
const displayed = (id: string) => says("displayed xmlns='urn:xmpp:chat-markers:0'", id);
/** The IMDN inside a request, as text. */
function imdnIn(request: Stage["requests"][number] | undefined): string {
  const cpim = parseCpim(request!.body);
  if (!cpim.ok) throw new Error(cpim.rejection.detail);
  return Buffer.from(cpim.value.content.body).toString();
}

describe("a SIP sender asked for notifications (RFC 5438, digest §11)", () => {
  test("received and displayed become IMDNs to him, one of each kind, though two resources say so at once", async () => {
    const stage = await setStage();
    expect((await stage.fromSip(asking())).status).toBe(202);
    const id = idOf(stage.stanzas[0]);
    stage.fromXmpp(received(id));
    stage.fromXmpp(received(id, "juliet@xmpp.example/orchard"));
    stage.fromXmpp(displayed(id));
    await stage.quiet();
    expect(stage.requests).toHaveLength(2);
    expect(stage.requests[0]).toMatchObject({
      toUri: "sip:romeo@sip.example",
      fromUri: "sip:juliet@xmpp.example",
      peer: "phones",
    });
    expect(imdnIn(stage.requests[0])).toContain("<message-id>34jk324j</message-id>");
    expect(imdnIn(stage.requests[0])).toContain("<delivery-notification><status><delivered/>");
    expect(imdnIn(stage.requests[1])).toContain("<display-notification><status><displayed/>");
  });

  test("an error that comes after the answer becomes an IMDN that says failed", async () => {
    const stage = await setStage();
    await stage.fromSip(asking());
    stage.fromXmpp(
      `<message type='error' from='juliet@xmpp.example' to='romeo@sip.example' id='${idOf(stage.stanzas[0])}'>` +
        "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
    );
    await stage.quiet();
    expect(imdnIn(stage.requests[0])).toContain("<delivery-notification><status><failed/>");
  });

  test("what he did not ask for is not told", async () => {
    const stage = await setStage();
    await stage.fromSip(asking("hello", "negative-delivery"));
    stage.fromXmpp(received(idOf(stage.stanzas[0])));
    await stage.quiet();
    expect(stage.requests).toEqual([]);
  });

  test("a third person's receipt, or one for another SIP user, is a forgery and goes nowhere", async () => {
    const stage = await setStage();
    await stage.fromSip(asking());
    const id = idOf(stage.stanzas[0]);
    stage.fromXmpp(received(id, "tybalt@xmpp.example/street"));
    stage.fromXmpp(received(id).replace("romeo@", "mercutio@"));
    await stage.quiet();
    expect(stage.requests).toEqual([]);
    stage.fromXmpp(received(id).replace("juliet@xmpp", "Juliet@xmpp"));
    await stage.quiet();
    expect(stage.requests).toHaveLength(1);
  });

  test("URIs are written as the peer wants that the message came from", async () => {
    const stage = await setStage({ switches: { cpimScheme: "sip" } });
    const { body } = asking();
    await stage.fromSip({
      contentType: "message/cpim",
      body: Buffer.from(body.toString().replace(/^From.*\r\nTo.*\r\n/, "")),
    });
    stage.fromXmpp(received(idOf(stage.stanzas[0])));
    await stage.quiet();
    expect(Buffer.from(stage.requests[0]!.body).toString()).toContain("To: <sip:romeo@sip.example>");
  });

  test("the way of the IMDN is the operator's: nothing of his URI but the address and the device chooses it", async () => {
    const stage = await setStage();
    await stage.fromSip({
      ...asking(),
      fromUri: "sip:romeo@sip.example;maddr=victim.example;gr=orchard;transport=tcp?Subject=x",
    });
    stage.fromXmpp(
      received(idOf(stage.stanzas[0])).replace("to='romeo@sip.example'", "to='romeo@sip.example/orchard'"),
    );
    await stage.quiet();
    expect(stage.requests[0]!.toUri).toBe("sip:romeo@sip.example;gr=orchard");
  });

  test("a message that asks is not overtaken by a later one of the same person that does not", async () => {
    const stage = await setStage();
    await Promise.all([stage.fromSip(asking("first")), stage.fromSip({ body: Buffer.from("second") })]);
    expect(stage.stanzas.map((stanza) => /<body>(.*?)<\/body>/.exec(stanza)?.[1])).toEqual([
      "first",
      "second",
    ]);
  });

  test("what is expected survives a restart", async () => {
    const folder = mkdtempSync(join(tmpdir(), "isthmus-receipts-"));
    const open = () =>
      openStore({ file: join(folder, "isthmus.db"), migrations: join(__dirname, "../../migrations") });
    const before = await setStage({ store: open() });
    await before.fromSip(asking());
    const id = idOf(before.stanzas[0]);
    await before.gateway.stop();
    const after = await setStage({ store: open() });
    after.fromXmpp(received(id));
    await after.quiet();
    expect(imdnIn(after.requests[0])).toContain("<delivered/>");
    await after.gateway.stop();
    rmSync(folder, { recursive: true });
  });
});

describe("an XMPP sender asked, and the phone is asked by IMDN (XEP-0184, XEP-0333)", () => {
  const ASKING =
    "<message from='juliet@xmpp.example/balcony' to='Romeo@sip.example' type='chat' id='m1'><body>ahoj</body>" +
    "<request xmlns='urn:xmpp:receipts'/><markable xmlns='urn:xmpp:chat-markers:0'/></message>";
  const notification = (messageId: string, kind: string, status: string) => ({
    contentType: "message/imdn+xml",
    body: Buffer.from(
      `<imdn xmlns='urn:ietf:params:xml:ns:imdn'><message-id>${messageId}</message-id>` +
        `<${kind}-notification><status><${status}/></status></${kind}-notification></imdn>`,
    ),
  });
  async function asked(): Promise<{ stage: Stage; messageId: string }> {
    const stage = await setStage({ switches: { imdn: true } });
    stage.fromXmpp(ASKING);
    await stage.quiet();
    const cpim = parseCpim(stage.requests[0]!.body);
    return { stage, messageId: (cpim.ok ? cpim.value.imdn?.messageId : undefined) ?? "" };
  }

  test("delivered and displayed are told once each", async () => {
    const { stage, messageId } = await asked();
    const answers = [
      await stage.fromSip(notification(messageId, "delivery", "delivered")),
      await stage.fromSip(notification(messageId, "delivery", "delivered")),
      await stage.fromSip(notification(messageId, "display", "displayed")),
      await stage.fromSip(notification(messageId, "processing", "processed")),
    ];
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
    expect(stage.stanzas).toHaveLength(2);
    expect(stage.stanzas[0]).toContain("<received xmlns='urn:xmpp:receipts' id='m1'/>");
    expect(stage.stanzas[0]).toContain("to='juliet@xmpp.example/balcony'");
    expect(stage.stanzas[1]).toContain("<displayed xmlns='urn:xmpp:chat-markers:0' id='m1'/>");
  });

  test("while the link is down the phone hears so, and may say it again", async () => {
    const { stage, messageId } = await asked();
    stage.down.add("sip.example");
    expect(await stage.fromSip(notification(messageId, "delivery", "delivered"))).toMatchObject({
      status: 503,
      headers: [["Retry-After", "1"]],
    });
    stage.down.clear();
    expect((await stage.fromSip(notification(messageId, "delivery", "delivered"))).status).toBe(202);
    expect(stage.stanzas).toHaveLength(1);
  });

  test("bug 15: an IMDN that nobody waits for is refused, never 2xx", async () => {
    const { stage, messageId } = await asked();
    expect((await stage.fromSip(notification("another", "delivery", "delivered"))).status).toBe(400);
    const forged = { ...notification(messageId, "delivery", "delivered"), fromUri: "sip:tybalt@sip.example" };
    expect((await stage.fromSip(forged)).status).toBe(400);
    expect(stage.stanzas).toEqual([]);
    expect(stage.counters.get("receipt.unexpected")).toBe(2);
  });

  test("a phone that takes no CPIM gets the text plain, and its 200 is the receipt", async () => {
    const stage = await setStage({ switches: { imdn: true } });
    stage.outcomes = [ANSWERED(488), ANSWERED(200)];
    stage.proofs = [PROVEN];
    stage.fromXmpp(ASKING);
    await stage.quiet();
    expect(stage.requests[1]!.contentType).toMatch(/^text\/plain/);
    expect(stage.stanzas[0]).toContain("<received ");
  });
});
