import { parseCpim } from "../../../src/core/message/cpim";
import { imdnDocument, parseImdn } from "../../../src/core/message/imdn";
import { isComposingDocument, parseIsComposing } from "../../../src/core/message/is-composing";
import {
  expectFromSip,
  expectFromXmpp,
  type ImdnWanted,
  imdnForReceipt,
  receiptFor,
  receiptFromImdn,
} from "../../../src/core/message/receipts";
import { DEFAULT_SWITCHES } from "../../../src/core/switches";
import { write } from "../../../src/xml/writer";
import { octets, text } from "./fixtures";

const ROMEO = "romeo@example.net";
const JULIET = "juliet@example.com";
const SWITCHES = new Map([
  ["default", DEFAULT_SWITCHES],
  ["linphones", { ...DEFAULT_SWITCHES, cpimScheme: "sip" as const }],
]);
const ENVELOPE = { callId: "c1", fromTag: "t1", branch: "b1", cseq: 3, messageId: "n3wMessageId", now: 0 };

describe("a SIP sender asked (RFC 5438)", () => {
  const imdn: ImdnWanted = {
    messageId: "34jk324j",
    wants: ["positive-delivery", "negative-delivery", "display"],
    fromUri: "sip:romeo@example.net;gr=orchard",
    toUri: "sip:juliet@example.com",
    cpimFrom: "im:romeo@example.net",
    cpimTo: "im:juliet@example.com",
    dateTime: "2006-04-04T12:16:49-05:00",
    originalTo: "im:capulets@example.com",
    recordRoutes: ["<sip:relay@example.net>"],
    peer: "kamailio",
  };
  const { key, value } = expectFromXmpp("sip-1", imdn, `${ROMEO}/orchard`, JULIET);
  const answer = (
    stored: string,
    type: "received" | "displayed" | "failed",
    from = `${JULIET}/balcony`,
    to = ROMEO,
  ) => imdnForReceipt(stored, { type, from, to }, ENVELOPE, SWITCHES);

  test("the receipt becomes an IMDN to him, by the way it came", () => {
    expect(key).toBe("sip-1");
    const { request } = answer(value, "received")!;
    expect({ ...request, body: undefined }).toEqual({
      toUri: "sip:romeo@example.net;gr=orchard",
      fromUri: "sip:juliet@example.com",
      fromTag: "t1",
      callId: "c1",
      cseq: 3,
      branch: "b1",
      contentType: "message/cpim",
      headers: [],
      peer: "kamailio",
      body: undefined,
    });
    const xml =
      '<?xml version="1.0" encoding="UTF-8"?>\r\n' +
      "<imdn xmlns='urn:ietf:params:xml:ns:imdn'><message-id>34jk324j</message-id>" +
      "<datetime>2006-04-04T12:16:49-05:00</datetime><recipient-uri>im:juliet@example.com</recipient-uri>" +
      "<original-recipient-uri>im:capulets@example.com</original-recipient-uri>" +
      "<delivery-notification><status><delivered/></status></delivery-notification></imdn>";
    expect(text(request.body)).toBe(
      [
        "From: <im:juliet@example.com>",
        "To: <im:romeo@example.net>",
        "DateTime: 1970-01-01T00:00:00Z",
        "NS: imdn <urn:ietf:params:imdn>",
        "imdn.Message-ID: n3wMessageId",
        "imdn.IMDN-Route: <sip:relay@example.net>",
        "",
        "Content-Type: message/imdn+xml",
        "Content-Disposition: notification",
        `Content-Length: ${xml.length}`,
        "",
        xml,
      ].join("\r\n"),
    );
    const inside = parseCpim(request.body);
    // There is no IMDN for an IMDN (§7.2.1).
    expect(inside.ok && inside.value.imdn?.dispositions).toEqual([]);
  });

  test("at most one of each kind, though two resources answer (§7.2.1)", () => {
    const first = answer(value, "received")!;
    expect(answer(first.value, "received", `${JULIET}/other`)).toBeUndefined();
    expect(answer(first.value, "failed")).toBeUndefined();
    const second = answer(first.value, "displayed")!;
    expect(answer(second.value, "displayed")).toBeUndefined();
  });

  test("a late bounce is a failed delivery", () => {
    expect(text(answer(value, "failed")!.request.body)).toContain("<delivery-notification><status><failed/>");
  });

  test("nobody else can answer", () => {
    expect(answer(value, "received", "tybalt@example.com/x")).toBeUndefined();
    expect(answer(value, "received", JULIET, "benvolio@example.net")).toBeUndefined();
  });

  test("what was not asked for is not told", () => {
    const only = expectFromXmpp("s", { ...imdn, wants: ["display"] }, ROMEO, JULIET).value;
    expect(answer(only, "received")).toBeUndefined();
    expect(answer(only, "failed")).toBeUndefined();
    expect(answer(only, "displayed")).toBeDefined();
  });

  test("URIs that his CPIM lacked are made from those of the request", () => {
    const { cpimFrom, cpimTo, dateTime, originalTo, ...bare } = imdn;
    const stored = expectFromXmpp("s", bare, ROMEO, JULIET).value;
    const body = text(answer(stored, "received")!.request.body);
    expect(body).toContain("From: <im:juliet@example.com>\r\nTo: <im:romeo@example.net>");
    expect(body).toContain(
      "<datetime>1970-01-01T00:00:00Z</datetime><recipient-uri>im:juliet@example.com</recipient-uri><delivery",
    );
    expect([cpimFrom, cpimTo, dateTime, originalTo]).not.toContain(undefined);
  });
});

describe("an XMPP sender asked (XEP-0184, XEP-0333)", () => {
  const origin = { from: `${JULIET}/balcony`, to: ROMEO, id: "m1", type: "chat", wantsReceipt: true };
  const { value } = expectFromSip("imdn1", origin, ["received", "displayed"]);
  const report = (kind: "delivery" | "display" | "processing", status: string) => ({
    messageId: "imdn1",
    kind,
    status,
  });
  const answer = (
    stored: string,
    kind: Parameters<typeof report>[0],
    status: string,
    from = `${ROMEO}/x`,
    to = JULIET,
  ) => receiptFromImdn(stored, report(kind, status), from, to);

  test("delivered becomes received, displayed a marker", () => {
    const first = answer(value, "delivery", "delivered")!;
    expect(write(first.stanza, "jabber:client")).toBe(
      "<message from='romeo@example.net' to='juliet@example.com/balcony' id='received-m1' type='chat'>" +
        "<received xmlns='urn:xmpp:receipts' id='m1'/></message>",
    );
    const second = answer(first.value, "display", "displayed")!;
    expect(write(second.stanza, "jabber:client")).toContain(
      "<displayed xmlns='urn:xmpp:chat-markers:0' id='m1'/>",
    );
    expect(answer(second.value, "delivery", "delivered")).toBeUndefined();
  });

  test("failed becomes an error for the message; peer bug 5: a later success overrides it", () => {
    const failed = answer(value, "delivery", "failed")!;
    expect(write(failed.stanza, "jabber:client")).toBe(
      "<message type='error' id='m1' from='romeo@example.net' to='juliet@example.com/balcony'><error type='wait'>" +
        "<recipient-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
    );
    expect(answer(failed.value, "delivery", "delivered")).toBeDefined();
    expect(answer(answer(value, "delivery", "delivered")!.value, "delivery", "failed")).toBeUndefined();
  });

  test.each([
    ["processing", "processed"],
    ["processing", "stored"],
    ["delivery", "forbidden"],
    ["delivery", "error"],
    ["display", "forbidden"],
    ["display", "delivered"],
  ] as const)("%s %s has no word in XMPP", (kind, status) => {
    expect(answer(value, kind, status)).toBeUndefined();
  });

  test("nobody else can answer, and no marker comes that was not asked for", () => {
    expect(answer(value, "delivery", "delivered", "tybalt@example.net")).toBeUndefined();
    expect(answer(value, "delivery", "delivered", ROMEO, "nurse@example.com")).toBeUndefined();
    const only = expectFromSip("imdn1", origin, ["received"]).value;
    expect(answer(only, "display", "displayed")).toBeUndefined();
  });

  test("a receipt for a 200 needs no IMDN", () => {
    expect(write(receiptFor(origin), "jabber:client")).toContain(
      "<received xmlns='urn:xmpp:receipts' id='m1'/>",
    );
  });
});

describe("documents", () => {
  test.each([
    "",
    "<imdn/>",
    "<imdn xmlns='urn:ietf:params:xml:ns:imdn'/>",
    "<imdn xmlns='urn:ietf:params:xml:ns:imdn'><message-id>m</message-id></imdn>",
    "<imdn xmlns='urn:ietf:params:xml:ns:imdn'><message-id> </message-id><delivery-notification><status><delivered/></status></delivery-notification></imdn>",
    `<imdn xmlns='urn:ietf:params:xml:ns:imdn'><message-id>${"m".repeat(257)}</message-id><delivery-notification><status><delivered/></status></delivery-notification></imdn>`,
    "<!DOCTYPE imdn><imdn xmlns='urn:ietf:params:xml:ns:imdn'/>",
  ])("%s is no IMDN", (document) => {
    const parsed = parseImdn(octets(document));
    expect(parsed.ok ? "" : parsed.rejection.code).toBe("BODY_MALFORMED");
  });

  test("an IMDN is read back, with any prefix", () => {
    const about = { dateTime: "2026-01-02T03:04:05Z", recipientUri: "im:a@b" };
    const report = { messageId: "a<b", kind: "display", status: "displayed" } as const;
    expect(parseImdn(imdnDocument(report, about))).toEqual({ ok: true, value: report });
    const prefixed =
      "<x:imdn xmlns:x='urn:ietf:params:xml:ns:imdn'><x:message-id>m</x:message-id><x:processing-notification><x:status><x:stored/></x:status></x:processing-notification></x:imdn>";
    expect(parseImdn(octets(prefixed))).toMatchObject({ value: { kind: "processing", status: "stored" } });
  });

  test.each([
    ["<state>active</state>", { state: "active" }],
    ["<state> active\n</state><refresh>90</refresh>", { state: "active", refreshSeconds: 90 }],
    ["<state>active</state><refresh>-1</refresh>", { state: "active" }],
    ["<state>active</state><refresh>99999999999</refresh>", { state: "active" }],
    ["<state>idle</state><lastactive>2003-01-27T10:43:00Z</lastactive>", { state: "idle" }],
    ["<state>sleeping</state>", { state: "idle" }],
  ])("isComposing %s (RFC 3994 §3.4)", (inside, expected) => {
    const document = `<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'>${inside}</isComposing>`;
    expect(parseIsComposing(octets(document))).toEqual({ ok: true, value: expected });
  });

  test("isComposing as RFC 3994 §5 prints it, with its schemaLocation", () => {
    const document = `<?xml version="1.0" encoding="UTF-8"?>
<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="urn:ietf:params:xml:ns:im-composing iscomposing.xsd">
  <state>active</state><contenttype>text/plain</contenttype><refresh>90</refresh>
</isComposing>`;
    expect(parseIsComposing(octets(document))).toMatchObject({
      value: { state: "active", refreshSeconds: 90 },
    });
  });

  test.each(["", "<isComposing/>", "<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'/>"])(
    "%s is no isComposing",
    (document) => expect(parseIsComposing(octets(document)).ok).toBe(false),
  );

  test("isComposing is written as text", () => {
    expect(text(isComposingDocument({ state: "active", refreshSeconds: 90 }))).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\r\n' +
        "<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'><state>active</state><refresh>90</refresh></isComposing>",
    );
  });
});
