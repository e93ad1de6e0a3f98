import fc from "fast-check";
import { scrub } from "../../src/xml/characters";
import { element } from "../../src/xml/element";
import { parseXml } from "../../src/xml/parser";
import { writePrefixed } from "../../src/xml/prefixed-writer";

const PREFIXES = new Map([
  ["urn:p", "p"],
  ["urn:unused", "u"],
]);

test("prefixes that occur stand at the root; the default namespace goes on inside them", () => {
  const root = element(
    "urn:a",
    "root",
    { id: "1" },
    element(
      "urn:p",
      "in",
      {},
      element("urn:a", "back"),
      element("urn:b", "other", {}, element("urn:p", "deep")),
    ),
    element("urn:a", "last", { "xml:lang": "en" }, "x"),
  );
  expect(writePrefixed(root, PREFIXES)).toBe(
    "<root xmlns='urn:a' xmlns:p='urn:p' id='1'><p:in><back/><other xmlns='urn:b'><p:deep/></other></p:in>" +
      "<last xml:lang='en'>x</last></root>",
  );
});

test("a root with a prefix has no default namespace", () => {
  expect(writePrefixed(element("urn:p", "a", {}, element("", "b")), PREFIXES)).toBe(
    "<p:a xmlns:p='urn:p'><b/></p:a>",
  );
});

test("a name that is none is our own mistake", () => {
  expect(() => writePrefixed(element("urn:p", "a:b"), PREFIXES)).toThrow("not an XML name");
});

test("what is written is read as it was, whatever the words", () => {
  const texts = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => scrub(text).removed === 0);
  fc.assert(
    fc.property(texts, texts, (value, words) => {
      const root = element("urn:a", "root", {}, element("urn:p", "in", { v: value }, words));
      const parsed = parseXml(writePrefixed(root, PREFIXES));
      expect(parsed.ok && parsed.root).toEqual(root);
    }),
  );
});
