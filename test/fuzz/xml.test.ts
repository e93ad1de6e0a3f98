/**
 * Hostile XML bodies: mutated real ones (isComposing, IMDN, PIDF of phones), generated ones, and bombs. Never an
 * exception; an element within the limits or a problem; what was read can be written and read again.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { parseImdn } from "../../src/core/message/imdn";
import { parseIsComposing } from "../../src/core/message/is-composing";
import type { Element } from "../../src/xml/element";
import { parseXml, XML_LIMITS } from "../../src/xml/parser";
import { write } from "../../src/xml/writer";
import { anyText } from "../support/any-text";
import { Chance, mutated, StopWatch } from "./mutation";

const MUTATED = 42_000;
const GENERATED = 6_000;

const CORPUS: readonly Buffer[] = [
  ...captured(),
  `<?xml version="1.0" encoding="UTF-8"?>\n<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:ietf:params:xml:ns:im-composing iscomposing.xsd"><state>active</state><contenttype>text/plain</contenttype><refresh>60</refresh></isComposing>`,
  "<i:imdn xmlns:i='urn:ietf:params:xml:ns:imdn'><i:message-id>m</i:message-id><i:datetime>2026-01-02T03:04:05Z</i:datetime><i:display-notification><i:status><i:displayed/></i:status></i:display-notification></i:imdn>",
  "<message from='a@b' xml:lang='cs'><body><![CDATA[é]]>&lt;&#x1F3AD;</body><html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'><p>x</p></body></html></message>",
].map((document) => Buffer.from(document));

const WORDS = [
  ...[
    "<!DOCTYPE x>",
    "<!ENTITY a 'b'>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?x y?>",
    "<?xml version='1.0'?>",
    "&a;",
    "&#0;",
    "&#xD800;",
  ],
  ...[
    "&lt;",
    "<a>",
    "</a>",
    "<a/>",
    "<p:a xmlns:p='q'>",
    " xmlns=''",
    " xmlns:xml='x'",
    " a='b'",
    "\0",
    "\uFFFE",
    "\u2028",
    "🎭",
    "\r",
    "'",
    '"',
    ">",
  ],
];

function captured(): string[] {
  const folder = join(__dirname, "../captures");
  return readdirSync(folder).flatMap((file) => {
    const text = readFileSync(join(folder, file), "utf8");
    return [...text.matchAll(/^<\?xml (?:.*\n)+?<\/[a-z:]*presence>/gm)].map(([document]) => document);
  });
}

type Tally = Record<string, number>;

function feed(bytes: Buffer, watch: StopWatch, tally: Tally): void {
  const parsed = watch.time(bytes.length, () => parseXml(bytes));
  const outcome = parsed.ok ? "read" : parsed.problem;
  tally[outcome] = (tally[outcome] ?? 0) + 1;
  parseIsComposing(bytes);
  parseImdn(bytes);
  if (!parsed.ok) return;
  checkLimits(parsed.root, 1);
  const again = parseXml(write(parsed.root), {
    ...XML_LIMITS,
    bytes: 10 * XML_LIMITS.bytes,
    attributes: 200,
  });
  if (!again.ok || !same(again.root, parsed.root))
    throw new Error(`not the same again: ${write(parsed.root)}`);
}

function checkLimits(element: Element, depth: number): void {
  if (depth > XML_LIMITS.depth) throw new Error("deeper than the limit");
  for (const node of element.children) if (typeof node !== "string") checkLimits(node, depth + 1);
}

function same(one: Element, other: Element): boolean {
  if (one.name !== other.name || one.ns !== other.ns || one.children.length !== other.children.length)
    return false;
  const names = Object.keys(one.attrs);
  if (names.length !== Object.keys(other.attrs).length) return false;
  if (names.some((name) => one.attrs[name] !== other.attrs[name])) return false;
  return one.children.every((node, index) => {
    const twin = other.children[index];
    return typeof node === "string" || typeof twin === "string" || twin === undefined
      ? node === twin
      : same(node, twin);
  });
}

test("the captures hold documents of phones and servers", () => {
  expect(captured().length).toBeGreaterThan(3);
});

test(`${MUTATED} mutated documents`, () => {
  const watch = new StopWatch();
  const chance = new Chance(0x3e1);
  const tally: Tally = {};
  for (let count = 0; count < MUTATED; count += 1) feed(mutated(CORPUS, WORDS, chance), watch, tally);
  watch.report(`${MUTATED} mutated documents`, tally);
  // Were the mutations all harmless or all fatal, nothing would have been tried.
  for (const outcome of ["read", "not-well-formed", "doctype", "encoding", "processing-instruction"]) {
    expect(tally[outcome]).toBeGreaterThan(MUTATED / 1_000);
  }
});

test(`${GENERATED} generated documents`, () => {
  const watch = new StopWatch();
  const tally: Tally = {};
  const piece = fc.oneof(fc.constantFrom(...WORDS), anyText({ maxLength: 30 }));
  const document = fc.oneof(
    fc.array(piece, { maxLength: 30 }).map((pieces) => Buffer.from(pieces.join(""))),
    fc.array(piece, { maxLength: 10 }).map((pieces) => Buffer.from(`<x>${pieces.join("")}</x>`)),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  );
  fc.assert(
    fc.property(document, (bytes) => feed(bytes, watch, tally)),
    { numRuns: GENERATED, seed: 1 },
  );
  watch.report(`${GENERATED} generated documents`, tally);
});

const LIMIT = XML_LIMITS.bytes;
const fill = (unit: string, before = "", after = "") =>
  before + unit.repeat(Math.floor((LIMIT - before.length - after.length) / unit.length)) + after;

test.each<[string, string, string]>([
  ["100,000 deep", "<a>".repeat(100_000), "too-long"],
  ["as deep as fits", fill("<a>"), "too-deep"],
  ["deep, each with a namespace", fill("<a xmlns:b='c'>"), "too-deep"],
  ["deep, each with a prefix that must be looked up", fill("<p:a>", "<p:a xmlns:p='q'>"), "too-deep"],
  [
    "a billion laughs",
    `<!DOCTYPE x [<!ENTITY a "ha">${Array.from({ length: 30 }, (_, i) => `<!ENTITY a${i} "${"&a;".repeat(10)}">`).join("")}]><x>&a29;</x>`,
    "doctype",
  ],
  ["an external entity", "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>", "doctype"],
  ["a document type without end", fill("<", "<!DOCTYPE x ["), "doctype"],
  ["one huge attribute", fill("x", "<a b='", "'/>"), "read"],
  ["one huge attribute of references", fill("&amp;", "<a b='", "'/>"), "read"],
  ["attributes without end", fill(" b='c'", "<a"), "too-many-attributes"],
  ["one huge name", fill("x", "<"), "not-well-formed"],
  ["a huge text of references", fill("&#65;", "<a>", "</a>"), "read"],
  ["a reference without end", fill("x", "<a>&"), "not-well-formed"],
  ["many CDATA sections", fill("<![CDATA[x]]>", "<a>", "</a>"), "read"],
  ["many comments", fill("<!---->", "<a>", "</a>"), "read"],
  ["many children", fill("<b/>", "<a>", "</a>"), "too-many-elements"],
  ["end tags without end", fill("</a>", "<a>"), "not-well-formed"],
  ["brackets", fill("]]", "<a>", "</a>"), "read"],
  ["blanks before the root", fill(" ", "", "<a/>"), "read"],
])("%s", (name, document, expected) => {
  const watch = new StopWatch();
  const tally: Tally = {};
  feed(Buffer.from(document), watch, tally);
  watch.report(name, tally);
  expect(Object.keys(tally)).toEqual([expected]);
});
