import { child } from "../../../src/xml/element";
import { NS } from "../../../src/xml/namespaces";
import { write } from "../../../src/xml/writer";
import { crlf, messageToXmpp, part, refusedByXmpp, sipInput, textOf, toXmpp } from "./fixtures";

describe("a text (RFC 7572 §5)", () => {
  test("becomes a stanza with the addresses, the thread and an id of the transaction", () => {
    const { stanza, from, to, cleaned, imdn } = messageToXmpp(sipInput({ text: "Neither, fair saint." }));
    expect(stanza.attrs).toEqual({
      from: "romeo@example.net",
      to: "juliet@example.com",
      id: "sip-Tr4ns4ct10nTr4ns4ct10n",
      type: "chat",
    });
    expect(textOf(part(stanza, "body"))).toBe("Neither, fair saint.");
    expect(textOf(part(stanza, "thread"))).toBe("9E97FB43-85F4-4A00-8751-1124FD4C7B2E");
    expect({ from, to, cleaned, imdn }).toEqual({
      from: "romeo@example.net",
      to: "juliet@example.com",
      cleaned: false,
      imdn: undefined,
    });
  });

  test("carries an origin-id, so that a receiver can drop a copy (XEP-0359)", () => {
    const { stanza } = messageToXmpp(sipInput());
    expect(child(stanza, NS.stanzaId, "origin-id")?.attrs.id).toBe(stanza.attrs.id);
  });

  test("is the same stanza again for a retransmission", () => {
    expect(messageToXmpp(sipInput())).toEqual(messageToXmpp(sipInput()));
  });

  test("is of type normal where the peer wants the letter of the RFC, and then says nothing of chat states", () => {
    const { stanza } = messageToXmpp(sipInput(), { messageType: "normal" });
    expect(stanza.attrs.type).toBe("normal");
    expect(child(stanza, NS.chatStates, "active")).toBeUndefined();
    expect(child(messageToXmpp(sipInput()).stanza, NS.chatStates, "active")).toBeDefined();
    expect(
      child(messageToXmpp(sipInput(), { composing: false }).stanza, NS.chatStates, "active"),
    ).toBeUndefined();
  });

  test("comes from the full JID when the URI has a gr (Table 2, note 1)", () => {
    const { from } = messageToXmpp(sipInput({ fromUri: "sip:romeo@example.net;gr=orchard" }));
    expect(from).toBe("romeo@example.net/orchard");
  });

  test("keeps every character of several scripts", () => {
    const text = "áß 日本語 🎭 \u{1F469}\u200D\u{1F680} العربية\ttab\nline";
    expect(textOf(part(messageToXmpp(sipInput({ text })).stanza, "body"))).toBe(text);
  });

  test("has LF where MIME has CRLF (RFC 2046 §4.1.1)", () => {
    expect(textOf(part(messageToXmpp(sipInput({ text: "a\r\nb\r\n" })).stanza, "body"))).toBe("a\nb\n");
  });

  test("without a Content-Type is text/plain (RFC 3428)", () => {
    expect(textOf(part(messageToXmpp(sipInput({ text: "plain" })).stanza, "body"))).toBe("plain");
  });

  test("loses what XML forbids, and says so", () => {
    const { stanza, cleaned } = messageToXmpp(sipInput({ text: "a\u0000\u001Fb\uFFFEc" }));
    expect([textOf(part(stanza, "body")), cleaned]).toEqual(["abc", true]);
    expect(refusedByXmpp(sipInput({ text: "\u0001" })).code).toBe("BODY_EMPTY");
  });

  test("has the subject of the request", () => {
    expect(textOf(part(messageToXmpp(sipInput({ subject: "Wherefore?" })).stanza, "subject"))).toBe(
      "Wherefore?",
    );
    expect(part(messageToXmpp(sipInput({ subject: "" })).stanza, "subject")).toBeUndefined();
  });

  test.each([
    ["cs", "cs"],
    ["en-GB", "en-GB"],
    ["i-klingon, en", "i-klingon"],
    ["_, *, pt-BR", "pt-BR"],
    ["not a tag", undefined],
    ["'/><x", undefined],
  ])("Content-Language %s becomes xml:lang %s (RFC 7572 §8)", (contentLanguage, expected) => {
    expect(messageToXmpp(sipInput({ contentLanguage })).stanza.attrs["xml:lang"]).toBe(expected);
  });
});

describe("charsets", () => {
  const body = (charset: string, ...bytes: number[]) =>
    sipInput({ contentType: `text/plain; charset=${charset}`, body: new Uint8Array(bytes) });
  test.each([
    ["utf-8", [0xc3, 0xa9], "é"],
    ['"UTF-8"', [0xc3, 0xa9], "é"],
    ["us-ascii", [0x41], "A"],
    ["iso-8859-1", [0xe9], "é"],
    ["ISO-8859-15", [0xa4], "€"],
    ["windows-1252", [0x80], "€"],
    ["utf-16", [0xff, 0xfe, 0xe9, 0x00], "é"],
    ["utf-16", [0xfe, 0xff, 0x00, 0xe9], "é"],
    ["utf-16", [0x00, 0xe9], "é"],
    ["utf-16le", [0xe9, 0x00], "é"],
  ])("%s %j", (charset, bytes, expected) => {
    expect(textOf(part(messageToXmpp(body(charset, ...bytes)).stanza, "body"))).toBe(expected);
  });

  test("an unknown one is refused with 415 and Accept", () => {
    const { sipStatus, code, sipHeaders } = refusedByXmpp(body("klingon", 0x41));
    expect([sipStatus, code]).toEqual([415, "CHARSET_UNSUPPORTED"]);
    expect(sipHeaders).toEqual([["Accept", "text/plain, text/html, message/cpim"]]);
  });

  test.each([[[0xff]], [[0xc3]], [[0xed, 0xa0, 0x80]], [[0xc0, 0x80]], [[0xf8, 0x88, 0x80, 0x80, 0x80]]])(
    "broken UTF-8 %j is refused with 400",
    (bytes) => expect(refusedByXmpp(body("utf-8", ...bytes)).code).toBe("BODY_MALFORMED"),
  );
});

describe("peer bug 15: never a 2xx with nothing delivered", () => {
  test.each([
    ["image/png", { contentType: "image/png", text: "\u0089PNG" }, 415, "Accept"],
    ["no type at all", { contentType: "////", text: "x" }, 400, undefined],
    ["an IMDN that is none", { contentType: "message/imdn+xml", text: "<imdn/>" }, 400, undefined],
    [
      "an isComposing that is none",
      { contentType: "application/im-iscomposing+xml", text: "x" },
      400,
      undefined,
    ],
    ["multipart without boundary", { contentType: "multipart/mixed", text: "x" }, 400, undefined],
    [
      "multipart with images only",
      { contentType: "multipart/mixed;boundary=b", text: crlf("--b\nContent-Type: image/png\n\nx\n--b--\n") },
      415,
      "Accept",
    ],
    [
      "multipart that never ends",
      { contentType: "multipart/mixed;boundary=b", text: crlf("--b\n\nx\n") },
      400,
      undefined,
    ],
    [
      "CPIM without content",
      { contentType: "message/cpim", text: "From: <im:romeo@example.net>\r\n" },
      400,
      undefined,
    ],
    ["CPIM of nothing", { contentType: "message/cpim", text: "" }, 400, undefined],
    [
      "CPIM with a picture",
      { contentType: "message/cpim", text: crlf("To: <im:a@b>\n\nContent-Type: image/png\n\nx") },
      415,
      "Accept",
    ],
    ["a wrong charset", { contentType: "text/plain;charset=x-none", text: "x" }, 415, "Accept"],
    ["broken UTF-8", { contentType: "text/plain", body: new Uint8Array([0xff]) }, 400, undefined],
    ["a compressed body", { contentEncoding: "gzip", text: "x" }, 415, "Accept-Encoding"],
    ["an empty body", { text: "" }, 400, undefined],
    ["HTML without text", { contentType: "text/html", text: "<script>x()</script>" }, 400, undefined],
    ["a ring tone", { contentDisposition: "alert", text: "x" }, 415, "Accept"],
    [
      "a part that must be understood",
      {
        contentType: "multipart/mixed;boundary=b",
        text: crlf(
          "--b\n\nhi\n--b\nContent-Type: image/png\nContent-Disposition: icon;handling=required\n\nx\n--b--",
        ),
      },
      415,
      "Accept",
    ],
  ])("%s", (_name, fields, status, header) => {
    const rejection = refusedByXmpp(sipInput(fields));
    expect(rejection.sipStatus).toBe(status);
    expect(rejection.sipHeaders?.[0]?.[0]).toBe(header);
  });

  test("more than a megabyte is refused with 513", () => {
    expect(refusedByXmpp(sipInput({ body: new Uint8Array(1_048_577) })).sipStatus).toBe(513);
  });
});

describe("no stanza is so large that a server would end the stream of all for it (RFC 6120 §13.12)", () => {
  test.each([
    ["a text that grows by escaping", { text: "&".repeat(60_000) }],
    ["HTML that comes twice", { contentType: "text/html", text: `<b>${"&".repeat(30_000)}</b>` }],
    ["a subject", { text: "x", subject: "<".repeat(70_000) }],
    ["a long text", { text: "é".repeat(140_000) }],
  ])("%s", (_name, fields) => {
    expect(refusedByXmpp(sipInput(fields)).code).toBe("TOO_LONG");
  });

  test("20,000 characters of any kind are no trouble", () => {
    for (const character of ["x", "&", "é", "語", "🎭"]) {
      const { stanza } = messageToXmpp(sipInput({ text: character.repeat(20_000) }));
      expect(textOf(part(stanza, "body"))).toBe(character.repeat(20_000));
    }
  });
});

describe("what is told apart by its headers", () => {
  test("identity is no encoding", () => {
    expect(messageToXmpp(sipInput({ contentEncoding: "Identity" })).kind).toBe("message");
  });

  test.each(["render", "inline", "icon;handling=optional"])(
    "disposition %s is shown",
    (contentDisposition) => {
      expect(messageToXmpp(sipInput({ contentDisposition })).kind).toBe("message");
    },
  );

  test("SIPS in Request-URI or To is not translated (RFC 7247 §8)", () => {
    expect(refusedByXmpp(sipInput({ requestUri: "sips:juliet@example.com" })).code).toBe(
      "SIPS_NOT_TRANSLATED",
    );
    expect(refusedByXmpp(sipInput({ toUri: "sips:juliet@example.com" })).code).toBe("SIPS_NOT_TRANSLATED");
  });

  test("addresses that no rule serves are refused", () => {
    expect(refusedByXmpp(sipInput({ requestUri: "sip:juliet@elsewhere.example" })).code).toBe(
      "DOMAIN_NOT_SERVED",
    );
    expect(refusedByXmpp(sipInput({ fromUri: "sip:romeo@elsewhere.example" })).code).toBe(
      "SENDER_NOT_SERVED",
    );
  });
});

describe("text/html (RFC 7572 §7)", () => {
  test("becomes XHTML-IM beside a plain body", () => {
    const html = '<p onclick="x()">Hi <b>you</b><script>x()</script></p>';
    const { stanza } = messageToXmpp(sipInput({ contentType: "text/html", text: html }));
    expect(textOf(part(stanza, "body"))).toBe("Hi you");
    expect(write(child(stanza, NS.xhtmlIm, "html")!)).toBe(
      "<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'>" +
        "<p>Hi <strong>you</strong></p></body></html>",
    );
  });
});

describe("multipart", () => {
  const alternative = crlf(
    "preamble\n--b\nContent-Type: text/plain; charset=utf-8\n\nplain é\n--b\nContent-Type: text/html\n\n<b>rich</b>\n--b--\n",
  );

  test("alternative: the plain part is the body, the HTML part the markup", () => {
    const { stanza } = messageToXmpp(
      sipInput({ contentType: "multipart/alternative;boundary=b", text: alternative }),
    );
    expect(textOf(part(stanza, "body"))).toBe("plain é");
    expect(textOf(child(stanza, NS.xhtmlIm, "html"))).toBe("rich");
  });

  test("alternative: HTML alone is enough, what is not understood is passed over", () => {
    const text = crlf('--"b\n\nx'); // not a part
    const only = crlf("--b\nContent-Type: text/html\n\n<i>r</i>\n--b\nContent-Type: image/png\n\nx\n--b--");
    const { stanza } = messageToXmpp(
      sipInput({ contentType: 'multipart/alternative; boundary="b"', text: only }),
    );
    expect(textOf(part(stanza, "body"))).toBe("r");
    expect(refusedByXmpp(sipInput({ contentType: "multipart/alternative;boundary=b", text })).sipStatus).toBe(
      400,
    );
  });

  const mixedWith = (headers: string) =>
    sipInput({
      contentType: "multipart/mixed;boundary=b",
      text: crlf(`--b\n\none\n--b\n${headers}\n\nx\n--b\nContent-Type: text/plain\n\ntwo\n--b--`),
    });

  test("mixed: all texts, without what its sender says may be left out", () => {
    const { stanza } = messageToXmpp(
      mixedWith("Content-Type: image/png\nContent-Disposition: icon;handling=optional"),
    );
    expect(textOf(part(stanza, "body"))).toBe("one\ntwo");
  });

  test("mixed: a picture that would silently get lost refuses the whole (RFC 5621 §8.1: required is the default)", () => {
    expect(refusedByXmpp(mixedWith("Content-Type: image/png")).sipStatus).toBe(415);
  });

  test.each([
    ["base64", "w6kg8J+OrQ==", "é 🎭"],
    ["quoted-printable", "=C3=A9 =\n=F0=9F=8E=AD", "é 🎭"],
    ["8bit", "é 🎭", "é 🎭"],
    ["Binary", "é", "é"],
  ])("a part in %s", (encoding, data, expected) => {
    const text = crlf(`--b\nContent-Transfer-Encoding: ${encoding}\n\n${data}\n--b--`);
    const { stanza } = messageToXmpp(sipInput({ contentType: "multipart/mixed;boundary=b", text }));
    expect(textOf(part(stanza, "body"))).toBe(expected);
  });

  test.each([
    ["base64", "w6k*", 400],
    ["quoted-printable", "=Z1", 400],
    ["x-uuencode", "x", 415],
  ])("a part in %s that cannot be read", (encoding, data, status) => {
    const text = crlf(`--b\nContent-Transfer-Encoding: ${encoding}\n\n${data}\n--b--`);
    expect(refusedByXmpp(sipInput({ contentType: "multipart/mixed;boundary=b", text })).sipStatus).toBe(
      status,
    );
  });

  test("deeper than four is refused", () => {
    let text = "--b\r\n\r\nx\r\n--b--";
    for (let depth = 0; depth < 5; depth += 1) {
      text = `--b${depth}\r\nContent-Type: multipart/mixed;boundary=b${depth === 0 ? "" : depth - 1}\r\n\r\n${text}\r\n--b${depth}--`;
    }
    expect(refusedByXmpp(sipInput({ contentType: "multipart/mixed;boundary=b4", text })).code).toBe(
      "BODY_MALFORMED",
    );
  });
});

describe("typing and notifications", () => {
  test("isComposing is no message (RFC 3994)", () => {
    const body =
      "<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'><state>active</state><refresh>90</refresh></isComposing>";
    expect(toXmpp(sipInput({ contentType: "application/im-iscomposing+xml", text: body }))).toEqual({
      kind: "composing",
      from: "romeo@example.net",
      to: "juliet@example.com",
      state: "active",
      refreshSeconds: 90,
    });
  });

  test("an IMDN is no message, bare or in CPIM (RFC 5438 §9)", () => {
    const imdn =
      "<imdn xmlns='urn:ietf:params:xml:ns:imdn'><message-id>m1</message-id><datetime>2026-01-02T03:04:05Z</datetime>" +
      "<display-notification><status><displayed/></status></display-notification></imdn>";
    const expected = {
      kind: "imdn",
      from: "romeo@example.net",
      to: "juliet@example.com",
      report: { messageId: "m1", kind: "display", status: "displayed" },
    };
    expect(
      toXmpp(sipInput({ contentType: "message/imdn+xml", contentDisposition: "notification", text: imdn })),
    ).toEqual(expected);
    const cpim =
      crlf(`From: <im:romeo@example.net>\nTo: <im:juliet@example.com>\nNS: imdn <urn:ietf:params:imdn>
imdn.Message-ID: d834jied93rf\nimdn.Disposition-Notification: positive-delivery\n
Content-Type: message/imdn+xml\nContent-Disposition: notification\n\n`) + imdn;
    expect(toXmpp(sipInput({ contentType: "message/cpim", text: cpim }))).toEqual(expected);
  });
});

describe("message/cpim (RFC 3862, RFC 3922 §4.2)", () => {
  const cpim = (headers: string, content = "Content-Type: text/plain; charset=utf-8\n\nhello") =>
    sipInput({ contentType: "message/cpim", text: crlf(`${headers}\n\n${content}`) });

  test("shows its content only (peer bug 16)", () => {
    const { stanza } = messageToXmpp(
      cpim("From: R <im:romeo@example.net>\nTo: <im:juliet@example.com>\ncc: <im:n@example.com>"),
    );
    expect(textOf(part(stanza, "body"))).toBe("hello");
    expect(write(stanza)).not.toContain("im:");
  });

  test.each([
    "im:romeo@example.net",
    "sip:romeo@example.net",
    "pres:romeo@example.net",
    "sip:Romeo@EXAMPLE.net;gr=x",
  ])("From %s is the SIP sender", (uri) =>
    expect(messageToXmpp(cpim(`From: <${uri}>`)).kind).toBe("message"),
  );

  test.each([
    "im:tybalt@example.net",
    "im:romeo@example.com",
    "mailto:romeo@example.net",
    "im:anonymous@anonymous.invalid",
  ])("From %s is somebody else: refused", (uri) =>
    expect(refusedByXmpp(cpim(`From: <${uri}>`)).code).toBe("CPIM_SENDER_MISMATCH"),
  );

  test("Require is refused with 420 and Unsupported (RFC 3922 §4.2.7)", () => {
    const { sipStatus, sipHeaders } = refusedByXmpp(cpim("Require: Locale.MustRenderKanji"));
    expect([sipStatus, sipHeaders]).toEqual([420, [["Unsupported", "Locale.MustRenderKanji"]]]);
    expect(messageToXmpp(cpim("NS: x <urn:ietf:params:imdn>\nRequire: From, x.Message-ID")).kind).toBe(
      "message",
    );
  });

  test("subjects keep their languages, one each (RFC 3922 §4.2.5)", () => {
    const { stanza } = messageToXmpp(cpim("Subject: Hi!\nSubject:;lang=cs Ahoj!\nSubject: again"));
    const subjects = stanza.children.filter((node) => typeof node !== "string" && node.name === "subject");
    expect(subjects).toEqual([
      { name: "subject", ns: NS.client, attrs: {}, children: ["Hi!"] },
      { name: "subject", ns: NS.client, attrs: { "xml:lang": "cs" }, children: ["Ahoj!"] },
    ]);
  });

  test("DateTime becomes a delay in UTC (XEP-0203)", () => {
    const { stanza } = messageToXmpp(cpim("DateTime: 2008-10-15T15:02:31-03:00"));
    expect(child(stanza, NS.delay, "delay")?.attrs).toEqual({
      from: "romeo@example.net",
      stamp: "2008-10-15T18:02:31Z",
    });
    expect(child(messageToXmpp(cpim("DateTime: yesterday")).stanza, NS.delay, "delay")).toBeUndefined();
  });

  test("Content-Language of the content counts", () => {
    const input = cpim("To: <im:a@b>", "Content-Type: text/plain\nContent-Language: cs\n\nAhoj");
    expect(messageToXmpp({ ...input, contentLanguage: "en" }).stanza.attrs["xml:lang"]).toBe("cs");
  });

  test("IMDN headers ask for a receipt and a marker, and say what to remember (RFC 5438 §7.1.1)", () => {
    const { stanza, imdn } = messageToXmpp(
      cpim(`From: <im:romeo@example.net>\nTo: <im:juliet@example.com>\nDateTime: 2026-01-02T03:04:05Z
NS: foo <urn:ietf:params:imdn>\nfoo.Message-ID: 34jk324j\nfoo.IMDN-Record-Route: <sip:relay@example.net>
foo.Disposition-Notification: positive-delivery, display;x=y, processing`),
    );
    expect(child(stanza, NS.receipts, "request")).toBeDefined();
    expect(child(stanza, NS.markers, "markable")).toBeDefined();
    expect(imdn).toEqual({
      messageId: "34jk324j",
      wants: ["positive-delivery", "display"],
      fromUri: "sip:romeo@example.net",
      toUri: "sip:juliet@example.com",
      cpimFrom: "im:romeo@example.net",
      cpimTo: "im:juliet@example.com",
      dateTime: "2026-01-02T03:04:05Z",
      recordRoutes: ["<sip:relay@example.net>"],
      peer: "default",
    });
  });

  test("negative-delivery alone asks XMPP for nothing", () => {
    const { stanza, imdn } = messageToXmpp(
      cpim(
        "NS: imdn <urn:ietf:params:imdn>\nimdn.Message-ID: m\nimdn.Disposition-Notification: negative-delivery",
      ),
    );
    expect(imdn?.wants).toEqual(["negative-delivery"]);
    expect(child(stanza, NS.receipts, "request")).toBeUndefined();
  });

  test("a second message/cpim line in the body is read through", () => {
    const text = crlf(
      "Content-type: Message/CPIM\n\nFrom: <im:romeo@example.net>\nSubject: s\n\nContent-Type: text/plain\n\nhi",
    );
    const { stanza } = messageToXmpp(sipInput({ contentType: "Message/CPIM", text }));
    expect([textOf(part(stanza, "body")), textOf(part(stanza, "subject"))]).toEqual(["hi", "s"]);
    const forged = text.replace("romeo", "tybalt");
    expect(refusedByXmpp(sipInput({ contentType: "message/cpim", text: forged })).code).toBe(
      "CPIM_SENDER_MISMATCH",
    );
  });
});

test("a body that is not the SIP sender's text never changes the address fields", () => {
  const { stanza } = messageToXmpp(sipInput({ text: "'/><message from='x" }));
  expect(write(stanza)).toContain("<body>'/&gt;&lt;message from='x</body>");
});
