import { text } from "../../src/xml/element";
import { parseXml, XML_LIMITS } from "../../src/xml/parser";

const octets = (source: string) => new TextEncoder().encode(source);

function read(source: string | Uint8Array) {
  const parsed = parseXml(source);
  if (!parsed.ok) throw new Error(`${parsed.problem}: ${parsed.detail}`);
  return parsed.root;
}

function problem(source: string | Uint8Array, limits = XML_LIMITS): string {
  const parsed = parseXml(source, limits);
  return parsed.ok ? "read" : parsed.problem;
}

test("names, namespaces, attributes and children", () => {
  expect(
    read(
      "<a:x xmlns:a='urn:a' xmlns='urn:b' p='1' a:q='2' xml:lang='cs'><y>t&amp;<![CDATA[<u>]]></y>z<!-- no --></a:x>\n",
    ),
  ).toEqual({
    name: "x",
    ns: "urn:a",
    attrs: { p: "1", "{urn:a}q": "2", "xml:lang": "cs" },
    children: [{ name: "y", ns: "urn:b", attrs: {}, children: ["t&<u>"] }, "z"],
  });
});

test("line ends are LF (XML §2.11)", () => {
  expect(text(read("<x>a\r\nb\rc&#13;</x>"))).toBe("a\nb\nc\r");
});

test.each([
  "<?xml version='1.0'?><x/>",
  "<?xml version='1.0' encoding='utf-8'?><x/>",
  "\uFEFF<x/>",
  "<?xml version='1.0' encoding='US-ASCII'?><x/>",
])("bytes: %s", (source) => expect(read(octets(source)).name).toBe("x"));

test("a declared encoding says nothing of a text that is decoded already", () => {
  expect(read("<?xml version='1.0' encoding='iso-8859-1'?><x>é</x>").children).toEqual(["é"]);
});

test.each([
  ["", "not-well-formed"],
  ["x", "not-well-formed"],
  ["<x>", "not-well-formed"],
  ["<x></y>", "not-well-formed"],
  ["<x/><y/>", "not-well-formed"],
  ["<x a='1' a='2'/>", "not-well-formed"],
  ["<x xmlns:p='urn:p' xmlns:q='urn:p' p:a='1' q:a='2'/>", "not-well-formed"],
  ["<p:x/>", "not-well-formed"],
  ["<x a=1/>", "not-well-formed"],
  ["<x>&nbsp;</x>", "not-well-formed"],
  ["<x>&constructor;</x>", "not-well-formed"],
  ["<x>&#0;</x>", "not-well-formed"],
  ["<x>\u0001</x>", "not-well-formed"],
  ["<x>\uFFFE</x>", "not-well-formed"],
  ["<?xml version='1.1'?><x>&#1;</x>", "not-well-formed"],
  ["<!DOCTYPE x><x/>", "doctype"],
  ["<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "doctype"],
  ["<!DOCTYPE x SYSTEM 'file:///etc/passwd'><x/>", "doctype"],
  ["<?php x?><x/>", "processing-instruction"],
  ["<x><?php x?></x>", "processing-instruction"],
  ["<?xml version='1.0' encoding='iso-8859-1'?><x/>", "encoding"],
])("%j is refused: %s", (source, expected) => {
  expect(problem(octets(source))).toBe(expected);
});

test.each([[[0xff, 0xfe, 0x3c, 0]], [[0x3c, 0x78, 0x3e, 0xff, 0x3c, 0x2f, 0x78, 0x3e]], [[0xc3]]])(
  "broken UTF-8 %j is refused",
  (bytes) => expect(problem(new Uint8Array(bytes))).toBe("encoding"),
);

describe("limits", () => {
  const limits = { bytes: 1000, depth: 3, elements: 5, attributes: 2 };
  test.each([
    ["<a><b><c/></b></a>", "read"],
    ["<a><b><c><d/></c></b></a>", "too-deep"],
    ["<a><b/><b/><b/><b/></a>", "read"],
    ["<a><b/><b/><b/><b/><b/></a>", "too-many-elements"],
    ["<a x='1' y='2'/>", "read"],
    ["<a x='1' y='2' z='3'/>", "too-many-attributes"],
    ["<a xmlns='1' xmlns:y='2' z='3'/>", "too-many-attributes"],
    [`<a>${"x".repeat(1000)}</a>`, "too-long"],
  ])("%s: %s", (source, expected) => expect(problem(source, limits)).toBe(expected));
});

test("names that mean something to JavaScript are names", () => {
  const root = read("<constructor __proto__='x' toString='y'><hasOwnProperty/></constructor>");
  expect(root.name).toBe("constructor");
  expect(Object.entries(root.attrs)).toEqual([["toString", "y"]]);
  expect({}.toString).toBe(Object.prototype.toString);
});
