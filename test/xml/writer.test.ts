/** Element → text: XML 1.0 §2.2, §2.4, §3.3.3; Namespaces in XML 1.0 §6. */

import * as fc from "fast-check";
import { SaxesParser } from "saxes";
import { scrub } from "../../src/xml/characters";
import { element } from "../../src/xml/element";
import { write } from "../../src/xml/writer";

const NS = "jabber:component:accept";

describe("namespaces", () => {
  test("none is declared where it equals that of the stream", () => {
    expect(write(element(NS, "message", { to: "a@b" }, element(NS, "body", {}, "hi")), NS)).toBe(
      "<message to='a@b'><body>hi</body></message>",
    );
  });

  test("one is declared where it differs from the parent's, and again where it changes back", () => {
    const stanza = element(
      NS,
      "message",
      {},
      element("urn:x", "x", {}, element(NS, "y"), element("urn:x", "z")),
    );
    expect(write(stanza, NS)).toBe(`<message><x xmlns='urn:x'><y xmlns='${NS}'/><z/></x></message>`);
  });

  test("no namespace at all is declared as such", () => {
    expect(write(element("urn:x", "x", {}, element("", "y")))).toBe("<x xmlns='urn:x'><y xmlns=''/></x>");
  });

  test("an attribute in a namespace gets a prefix of its own", () => {
    expect(write(element("", "x", { "{urn:a}b": "1", "xml:lang": "de", "{urn:c}d": "2" }))).toBe(
      "<x xmlns:n0='urn:a' n0:b='1' xml:lang='de' xmlns:n1='urn:c' n1:d='2'/>",
    );
  });
});

describe("escaping", () => {
  test("text", () => {
    expect(write(element("", "x", {}, `a<b>&"'\r\n\t]]>`))).toBe(`<x>a&lt;b&gt;&amp;"'&#xD;\n\t]]&gt;</x>`);
  });

  test("attribute values keep their line breaks and tabs (§3.3.3)", () => {
    expect(write(element("", "x", { a: `<'">&\r\n\t` }))).toBe(
      `<x a='&lt;&apos;"&gt;&amp;&#xD;&#xA;&#x9;'/>`,
    );
  });
});

describe("forbidden characters (bug 6)", () => {
  test("controls, U+FFFE, U+FFFF and lone surrogates leave neither text nor attributes, and are counted once", () => {
    const counted: number[] = [];
    const bad = "\u0000\u0001\u0008\u000B\u000C\u000E\u001F\uFFFE\uFFFF\uD800\uDC00\uDC00\uD83D";
    const out = write(element("", "x", { id: `i${bad}d` }, `b${bad}y`), "", (count) => counted.push(count));
    expect(out).toBe("<x id='i\u{10000}d'>b\u{10000}y</x>");
    expect(counted).toEqual([22]);
  });

  test("a clean element is not reported", () => {
    const onScrub = jest.fn();
    write(element("", "x", { a: "1" }, "good 😀 text"), "", onScrub);
    expect(onScrub).not.toHaveBeenCalled();
  });

  test("scrub gives the same string back when nothing is wrong", () => {
    for (const text of ["", "plain", "tab\tlf\ncr\r", "\u007F\u0085", "😀", "\uFFFD"]) {
      expect(scrub(text)).toEqual({ text, removed: 0 });
    }
  });

  test("taking out what stood between two halves makes no new pair", () => {
    expect(scrub("\uD83D\u0000\uDE00")).toEqual({ text: "", removed: 3 });
  });
});

describe("names are ours", () => {
  test.each(["", "1a", "a b", "a>b", "a:b", "a'b", "\u0000"])("element name %j throws", (name) => {
    expect(() => write(element("", name))).toThrow(/not an XML name/);
  });

  test.each(["", "xmlns", "xmlns:a", "a b", "{urn:a}", "{urn:a}b c"])("attribute name %j throws", (name) => {
    expect(() => write(element("", "x", { [name]: "v" }))).toThrow();
  });

  test("a name in another script is a name", () => {
    expect(write(element("", "élément", { ключ: "1" }))).toBe("<élément ключ='1'/>");
  });
});

test("100,000 levels are written without exhausting the stack", () => {
  let deep = element("", "a");
  for (let i = 0; i < 100_000; i++) deep = element("", "a", {}, deep);
  expect(write(deep)).toHaveLength(100_000 * 7 + 4);
});

test("whatever the text and the values, a strict reader takes the result and reads the scrubbed text back", () => {
  const anyText = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((n) => String.fromCharCode(n)) });
  const near = fc.string({
    unit: fc.constantFrom(..."<>&'\"\r\n\t]\u0000\uFFFE\uD83D\uDE00ab;#x".split("")),
  });
  fc.assert(
    fc.property(fc.oneof(anyText, near), fc.oneof(anyText, near), (body, value) => {
      const read = { text: "", value: "" };
      const parser = new SaxesParser();
      parser.on("error", (error) => {
        throw error;
      });
      parser.on("text", (text) => {
        read.text += text;
      });
      parser.on("opentag", (tag) => {
        read.value = tag.attributes.v as string;
      });
      parser.write(write(element("", "x", { v: value }, body || "-"))).close();
      expect(read).toEqual({ text: scrub(body || "-").text, value: scrub(value).text });
    }),
    { numRuns: 2000 },
  );
});
