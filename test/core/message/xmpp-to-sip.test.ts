import { unwrapCpim } from "../../../src/core/message/request-body";
import { xmppMessageToSip } from "../../../src/core/message/xmpp-to-sip";
import { messageToSip, stanza, tables, text, toSip, xmppContext } from "./fixtures";

const ADDRESSES = "from='juliet@example.com/balcony' to='romeo@example.net'";
const message = (inside: string, more = "type='chat' id='m1'") =>
  `<message ${ADDRESSES} ${more}>${inside}</message>`;

describe("a chat or normal message with a body (RFC 7572 §4)", () => {
  test("becomes a MESSAGE", () => {
    const { request, origin } = messageToSip(message("<body>hi é</body>"));
    expect({ ...request, body: text(request.body) }).toEqual({
      toUri: "sip:romeo@example.net",
      fromUri: "sip:juliet@example.com;gr=balcony",
      fromTag: "t4g",
      callId: "r4nd0mCallId",
      cseq: 7,
      branch: "br4nch",
      contentType: "text/plain;charset=UTF-8",
      headers: [],
      body: "hi é",
      peer: "default",
    });
    expect(origin).toEqual({
      from: "juliet@example.com/balcony",
      to: "romeo@example.net",
      id: "m1",
      type: "chat",
      wantsReceipt: false,
    });
  });

  test("may have no type, or one that nobody knows (RFC 6121 §5.2.2), and no id", () => {
    expect(messageToSip(message("<body>x</body>", "")).origin).not.toHaveProperty("id");
    expect(messageToSip(message("<body>x</body>", "type='strange'")).kind).toBe("message");
  });

  test("carries the thread as Call-ID", () => {
    expect(messageToSip(message("<thread>abc@x</thread><body>x</body>")).request.callId).toBe("abc@x");
    expect(messageToSip(message("<thread>two words</thread><body>x</body>")).request.callId).toMatch(
      /^thread\*/,
    );
    expect(messageToSip(message("<thread/><body>x</body>")).request.callId).toBe("r4nd0mCallId");
  });

  test("keeps the text as it is", () => {
    const { request } = messageToSip(message("<body> a\n\tb 🎭 &lt;b&gt; </body>"));
    expect(text(request.body)).toBe(" a\n\tb 🎭 <b> ");
  });

  test("is refused above a megabyte", () => {
    const long = stanza(message(`<body>${"é".repeat(1_048_577)}</body>`), { bytes: 2_000_000 });
    const result = xmppMessageToSip(long, xmppContext());
    expect(result.ok ? "" : result.rejection.code).toBe("TOO_LONG");
  });

  test.each([
    ["from='juliet@elsewhere.example' to='romeo@example.net'", "SENDER_NOT_SERVED"],
    ["from='juliet@example.com' to='romeo@elsewhere.example'", "DOMAIN_NOT_SERVED"],
    [`from='juliet@example.com/${"x".repeat(1024)}' to='romeo@example.net'`, "ADDRESS_TOO_LONG"],
  ])("is refused when %s", (addresses, code) => {
    const result = xmppMessageToSip(stanza(`<message ${addresses}><body>x</body></message>`), xmppContext());
    expect(result.ok ? "" : result.rejection.code).toBe(code);
  });

  test("escapes for a client that shows text as HTML, COMPAT(libpurple 2.14)", () => {
    const { request } = messageToSip(message("<body>&lt;b&gt; &amp;\nx</body>"), {
      tables: tables({ plainAsHtml: true }),
    });
    expect(text(request.body)).toBe("&lt;b&gt; &amp;<br>x");
  });
});

describe("peer bug 16: only chat and normal with a body become a MESSAGE", () => {
  test.each([
    ["groupchat", message("<body>x</body>", "type='groupchat'"), "groupchat"],
    ["headline", message("<body>x</body>", "type='headline'"), "headline"],
    ["no body", message("<subject>x</subject>"), "no-body"],
    ["an empty body", message("<body/>"), "empty"],
    ["a body of blanks", message("<body> \n\u00A0\t</body>"), "empty"],
    ["a body in another namespace", message("<body xmlns='urn:x'>x</body>"), "no-body"],
    [
      "XHTML alone",
      message(
        "<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'>x</body></html>",
      ),
      "no-body",
    ],
    [
      "a carbon (XEP-0280)",
      message("<sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'/></sent>"),
      "carbon",
    ],
    [
      "a carbon that smuggles a body",
      message("<body>x</body><received xmlns='urn:xmpp:carbons:2'/>"),
      "carbon",
    ],
    [
      "a result of the archive (XEP-0313)",
      message("<result xmlns='urn:xmpp:mam:2'/><body>x</body>"),
      "archive",
    ],
    [
      "a forwarded message alone (XEP-0297)",
      message(
        "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'><body>x</body></message></forwarded>",
      ),
      "no-body",
    ],
    ["ciphertext alone", message("<encrypted xmlns='eu.siacs.conversations.axolotl'/>"), "encrypted"],
    [
      "ciphertext with a chat state: not typing, or nobody would hear that it got lost",
      message(
        "<active xmlns='http://jabber.org/protocol/chatstates'/><encrypted xmlns='eu.siacs.conversations.axolotl'/>",
      ),
      "encrypted",
    ],
    ["no sender", "<message to='romeo@example.net'><body>x</body></message>", "no-address"],
    ["no recipient", "<message from='juliet@example.com'><body>x</body></message>", "no-address"],
  ])("%s", (_name, xml, reason) => {
    expect(toSip(xml)).toEqual({ kind: "nothing", reason });
  });

  test("the words beside ciphertext go, as XEP-0384 means them to be shown", () => {
    const { request } = messageToSip(
      message("<encrypted xmlns='eu.siacs.conversations.axolotl'/><body>I sent you…</body>"),
    );
    expect(text(request.body)).toBe("I sent you…");
  });

  test("XHTML beside a body is left out", () => {
    const html =
      "<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'><b>x</b></body></html>";
    expect(text(messageToSip(message(`${html}<body>plain</body>`)).request.body)).toBe("plain");
  });

  test("a message with a body and a chat state is a message", () => {
    expect(toSip(message("<active xmlns='http://jabber.org/protocol/chatstates'/><body>x</body>")).kind).toBe(
      "message",
    );
  });
});

describe("languages (RFC 7572 §8)", () => {
  const bodyOf = (inside: string, more = "") => {
    const { request } = messageToSip(message(inside, more));
    return [text(request.body), new Map(request.headers).get("Content-Language")];
  };
  test.each([
    ["<body>a</body>", "xml:lang='cs'", ["a", "cs"]],
    ["<body xml:lang='de'>a</body>", "xml:lang='cs'", ["a", "de"]],
    ["<body xml:lang='de'>a</body><body>b</body>", "xml:lang='cs'", ["b", "cs"]],
    ["<body xml:lang='de'>a</body><body xml:lang='cs'>b</body>", "xml:lang='cs'", ["b", "cs"]],
    ["<body xml:lang='de'>a</body><body xml:lang='en'>b</body>", "", ["a", "de"]],
    ["<body> </body><body xml:lang='en'>b</body>", "", ["b", "en"]],
    ["<body>a</body>", "xml:lang='not a tag\r\nX: y'", ["a", undefined]],
  ])("%s %s", (inside, more, expected) => expect(bodyOf(inside, more)).toEqual(expected));
});

describe("headers", () => {
  const headersOf = (inside: string) =>
    new Map(messageToSip(message(`${inside}<body>x</body>`)).request.headers);

  test("a subject is one line, whatever stands in it", () => {
    expect(headersOf("<subject>Hi\r\nEvil: 1\u2028é\u0085 </subject>").get("Subject")).toBe("Hi Evil: 1 é");
    expect(headersOf("<subject> \n </subject>").has("Subject")).toBe(false);
    const result = xmppMessageToSip(
      stanza(message(`<subject>${"x".repeat(4097)}</subject><body>x</body>`)),
      xmppContext(),
    );
    expect(result.ok ? "" : result.rejection.code).toBe("TOO_LONG");
  });

  test("a delay becomes the Date (XEP-0203)", () => {
    expect(
      headersOf("<delay xmlns='urn:xmpp:delay' stamp='2026-01-02T04:04:05.123+01:00'/>").get("Date"),
    ).toBe("Fri, 02 Jan 2026 03:04:05 GMT");
    expect(headersOf("<delay xmlns='urn:xmpp:delay' stamp='once'/>").has("Date")).toBe(false);
  });
});

describe("what is no message", () => {
  const of = (inside: string, more?: string) => toSip(message(inside, more));
  const pair = { from: "juliet@example.com/balcony", to: "romeo@example.net" };

  test.each(["active", "composing", "paused", "inactive", "gone"])("chat state %s", (state) => {
    expect(of(`<${state} xmlns='http://jabber.org/protocol/chatstates'/>`)).toEqual({
      kind: "composing",
      state,
      ...pair,
      parties: {
        fromUri: "sip:juliet@example.com;gr=balcony",
        toUri: "sip:romeo@example.net",
        peer: "default",
      },
    });
  });

  test.each([
    ["<received xmlns='urn:xmpp:receipts' id='s1'/>", "received"],
    ["<displayed xmlns='urn:xmpp:chat-markers:0' id='s1'/>", "displayed"],
    ["<received xmlns='urn:xmpp:chat-markers:0' id='s1'/>", "received"],
    [
      "<active xmlns='http://jabber.org/protocol/chatstates'/><received xmlns='urn:xmpp:receipts' id='s1'/>",
      "received",
    ],
  ])("peer bug 5: %s is for the id inside, whatever its own", (inside, type) => {
    expect(of(inside, "id='other'")).toEqual({ kind: "receipt", type, id: "s1", ...pair });
    expect(of(inside, "")).toEqual({ kind: "receipt", type, id: "s1", ...pair });
  });

  test("a receipt for nothing", () => {
    expect(of("<received xmlns='urn:xmpp:receipts'/>")).toEqual({ kind: "nothing", reason: "no-body" });
  });

  test("an error, which is never answered, even with a body", () => {
    const error =
      "<body>x</body><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    expect(of(error, "type='error' id='sip-1'")).toEqual({
      kind: "error",
      id: "sip-1",
      ...pair,
      error: { condition: "item-not-found", type: "cancel" },
    });
  });
});

describe("notifications (RFC 5438 §7.1.1, digest §11)", () => {
  const asking = message(
    "<subject>S</subject><subject xml:lang='cs'>Č</subject><body>x\né</body>" +
      "<request xmlns='urn:xmpp:receipts'/><markable xmlns='urn:xmpp:chat-markers:0'/>",
  );

  test("are asked for in CPIM where the peer takes it", () => {
    const { request, imdnMessageId, receipt, origin } = messageToSip(asking, {
      tables: tables({ imdn: true }),
    });
    expect(request.contentType).toBe("message/cpim");
    expect(text(request.body)).toBe(
      [
        "From: <im:juliet@example.com>",
        "To: <im:romeo@example.net>",
        "DateTime: 2026-01-02T03:04:05Z",
        "Subject: S",
        "Subject:;lang=cs Č",
        "NS: imdn <urn:ietf:params:imdn>",
        "imdn.Message-ID: imdnMessageId0001",
        "imdn.Disposition-Notification: positive-delivery, display",
        "",
        "Content-Type: text/plain; charset=utf-8",
        "",
        "x\né",
      ].join("\r\n"),
    );
    expect(request.headers).toEqual([["Subject", "S"]]);
    expect([imdnMessageId, receipt?.key, origin.wantsReceipt]).toEqual([
      "imdnMessageId0001",
      "imdnMessageId0001",
      true,
    ]);
  });

  test("the URIs are those of the SIP headers for COMPAT(linphone 5.1)", () => {
    const { request } = messageToSip(asking, { tables: tables({ imdn: true, cpimScheme: "sip" }) });
    expect(text(request.body)).toContain(`From: <${request.fromUri}>\r\nTo: <${request.toUri}>\r\n`);
  });

  test("are not asked for where the switch is off, nobody wants them, there is no id, or the pair refused CPIM", () => {
    const imdn = tables({ imdn: true });
    const plain = [
      messageToSip(asking),
      messageToSip(message("<body>x</body>"), { tables: imdn }),
      messageToSip(asking.replace("id='m1'", ""), { tables: imdn }),
      messageToSip(asking, {
        tables: imdn,
        plainOnly: (pair) => pair === "romeo@example.net juliet@example.com",
      }),
    ];
    expect(plain.map(({ request }) => request.contentType)).toEqual(
      Array(4).fill("text/plain;charset=UTF-8"),
    );
    expect(plain.map(({ receipt }) => receipt)).toEqual(Array(4).fill(undefined));
    expect(plain.map(({ origin }) => origin.wantsReceipt)).toEqual([true, false, false, true]);
  });

  test("can be taken off again for a phone that refused them", () => {
    const { request } = messageToSip(asking, { tables: tables({ imdn: true }) });
    const plain = unwrapCpim(request, "b2", 8);
    expect({ ...plain, body: text(plain.body) }).toEqual({
      ...request,
      branch: "b2",
      cseq: 8,
      contentType: "text/plain;charset=UTF-8",
      body: "x\né",
    });
  });
});
