/** Stream text → elements: RFC 6120 §4.2, §11.1, §11.3; Namespaces in XML 1.0 §6. */

import { type Element, element } from "../../src/xml/element";
import { write } from "../../src/xml/writer";
import { StreamParser } from "../../src/xmpp/stream-parser";

const HEADER =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='7'>";

interface Read {
  readonly parser: StreamParser;
  readonly start: Element[];
  readonly stanzas: Element[];
  readonly refused: [Element, string][];
  readonly errors: string[];
  ends: number;
}

function reader(limits = { size: 1_000, depth: 10 }): Read {
  const parser = new StreamParser(limits);
  const read: Read = { parser, start: [], stanzas: [], refused: [], errors: [], ends: 0 };
  parser.on("start", (root) => read.start.push(root));
  parser.on("element", (stanza) => read.stanzas.push(stanza));
  parser.on("refused", (head, refusal) => read.refused.push([head, refusal]));
  parser.on("error", (error: Error) => read.errors.push(error.message));
  parser.on("end", () => {
    read.ends += 1;
  });
  return read;
}

function readAll(text: string, limits?: { size: number; depth: number }): Read {
  const read = reader(limits);
  read.parser.write(HEADER + text);
  return read;
}

test("the header gives its id and the namespace that the port is for", () => {
  expect(readAll("").start[0]).toMatchObject({
    name: "stream",
    ns: "http://etherx.jabber.org/streams",
    attrs: { id: "7", xmlns: "jabber:component:accept" },
  });
});

describe("namespaces", () => {
  test("that of the stream becomes jabber:client; others are kept", () => {
    expect(readAll("<message><body>a</body><x xmlns='urn:x'><y/></x><z/></message>").stanzas).toEqual([
      element(
        "jabber:client",
        "message",
        {},
        element("jabber:client", "body", {}, "a"),
        element("urn:x", "x", {}, element("urn:x", "y")),
        element("jabber:client", "z"),
      ),
    ]);
  });

  test("prefixes of elements and attributes are resolved where they are in force", () => {
    const text =
      "<message xmlns:a='urn:a' a:b='1' xml:lang='de'><a:c xmlns:a='urn:c'><a:d/></a:c><a:e xmlns=''><f/></a:e></message>";
    expect(readAll(text).stanzas).toEqual([
      element(
        "jabber:client",
        "message",
        { "{urn:a}b": "1", "xml:lang": "de" },
        element("urn:c", "c", {}, element("urn:c", "d")),
        element("urn:a", "e", {}, element("", "f")),
      ),
    ]);
  });

  test("a prefix is forgotten with its element", () => {
    const read = readAll("<message><a:b xmlns:a='urn:a'/><a:c/></message>");
    expect(read.stanzas).toEqual([]);
    expect(read.errors).toEqual(["a prefix without a namespace"]);
  });

  test("a stream error is told from a stanza error by its namespace", () => {
    expect(
      readAll("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>")
        .stanzas[0],
    ).toMatchObject({ name: "error", ns: "http://etherx.jabber.org/streams" });
  });
});

test("text is joined over references, CDATA and packets", () => {
  const read = reader();
  for (const character of `${HEADER}<m>a&amp;<![CDATA[<b>]]>c&#x1F339;</m>`) read.parser.write(character);
  expect(read.stanzas).toEqual([element("jabber:client", "m", {}, "a&<b>c\u{1F339}")]);
});

test("what the writer writes is read back", () => {
  const stanza = element(
    "jabber:client",
    "message",
    { to: "a'b\"<&>\n@c", "xml:lang": "el" },
    element("jabber:client", "body", {}, "Ἰουλία\r\n\t<&>]]> 🌹"),
    element("urn:x", "x", { "{urn:y}z": "1" }, element("", "w")),
  );
  expect(readAll(write(stanza, "jabber:client")).stanzas).toEqual([stanza]);
});

test("blanks between stanzas belong to none, and do not count", () => {
  const read = readAll(`${" ".repeat(2_000)}<a/>${"\n".repeat(2_000)}<b/>`);
  expect(read.stanzas.map(({ name }) => name)).toEqual(["a", "b"]);
  expect(read.refused).toEqual([]);
});

describe("what is refused alone", () => {
  test.each([
    ["too-long", `<message id='1' to='b'><body>${"x".repeat(1_000)}</body></message>`],
    ["too-long", `<message id='1' to='b'>${"<x/>".repeat(300)}</message>`],
    ["too-long", `<message id='1' to='b' junk='${"x".repeat(1_000)}'><body/></message>`],
    ["too-deep", `<message id='1' to='b'>${"<a>".repeat(10)}${"</a>".repeat(10)}</message>`],
    ["too-deep", `<message id='1' to='b'>${"<x:a xmlns:x='u'>".repeat(20)}${"</x:a>".repeat(20)}</message>`],
  ])("%s: its head is reported, and the next stanza is read", (why, text) => {
    const read = readAll(`${text}<next/>`);
    expect(read.refused).toEqual([[element("jabber:client", "message", { id: "1", to: "b" }), why]]);
    expect(read.stanzas).toEqual([element("jabber:client", "next")]);
    expect(read.errors).toEqual([]);
  });

  test("at the very limit nothing is refused", () => {
    const frame = "<m></m>".length;
    expect(readAll(`<m>${"x".repeat(1_000 - frame)}</m>`).stanzas).toHaveLength(1);
    expect(readAll(`<m>${"x".repeat(1_001 - frame)}</m>`).refused).toHaveLength(1);
    expect(readAll(`${"<a>".repeat(10)}${"</a>".repeat(10)}`).stanzas).toHaveLength(1);
    expect(readAll(`${"<a>".repeat(11)}${"</a>".repeat(11)}`).refused).toHaveLength(1);
  });
});

describe("what ends the stream", () => {
  test.each([
    ["a document type", "<!DOCTYPE a [<!ENTITY b 'c'>]>"],
    ["a comment (RFC 6120 §11.1)", "<a><!-- b --></a>"],
    ["a processing instruction", "<a><?b c?></a>"],
    ["an entity of one's own", "<a>&b;</a>"],
    ["a forbidden character", "<a>\u0001</a>"],
    ["a forbidden reference", "<a>&#0;</a>"],
    ["a wrong end", "<a></b>"],
    ["the same attribute twice", "<a b='1' b='2'/>"],
    ["an attribute without quotes", "<a b=c/>"],
    ["an unbound prefix", "<a:b/>"],
  ])("%s", (_name, text) => {
    const read = readAll(`<good/>${text}`);
    read.parser.write("<more/>");
    expect(read.stanzas).toEqual([element("jabber:client", "good")]);
    expect(read.errors).toHaveLength(1);
  });

  test("a stanza that has no end, in one piece or in many", () => {
    const read = readAll(`<m>${"x".repeat(17_000)}`);
    expect(read.errors).toEqual(["a stanza that has no end"]);
    const slow = readAll("<m a='");
    for (let i = 0; i < 17_000; i++) slow.parser.write("x");
    expect(slow.errors).toEqual(["a stanza that has no end"]);
  });

  test("its own end, once", () => {
    const read = readAll("<a/></stream:stream>");
    read.parser.write("<b/>");
    expect(read).toMatchObject({ ends: 1, errors: [] });
    expect(read.stanzas).toHaveLength(1);
  });
});

test("time grows in step with the length, whatever is nested and declared", () => {
  const limits = { size: 10_000_000, depth: 64 };
  const hostile = (n: number) =>
    `<m>${"<p:a xmlns:p='u'>".repeat(60)}${Array.from({ length: n }, (_, i) => `<b xmlns:p${i}='u${i}'/>`).join("")}${"</p:a>".repeat(60)}</m>`;
  const milliseconds = (n: number) => {
    const begin = performance.now();
    expect(readAll(hostile(n), limits).stanzas).toHaveLength(1);
    return performance.now() - begin;
  };
  milliseconds(2_000);
  // Eight times the work: a quadratic reader would take sixty-four times as long.
  expect(milliseconds(40_000)).toBeLessThan(Math.max(milliseconds(5_000), 5) * 40);
});
