/**
 * Hostile bodies against the CPIM parser and all that is read behind it: mutated real ones, generated ones, and the
 * shapes that hurt naive readers. Never an exception; a result or a rejection; what leaves is well-formed XML.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { parseCpim } from "../../src/core/message/cpim";
import { sipMessageToStanza } from "../../src/core/message/sip-to-xmpp";
import { parseXml } from "../../src/xml/parser";
import { write } from "../../src/xml/writer";
import { crlf, sipInput, tables } from "../core/message/fixtures";
import { anyText } from "../support/any-text";
import { Chance, mutated, StopWatch } from "./mutation";

const MUTATED = 35_000;
const GENERATED = 8_000;

const TABLES = tables();
const PEOPLE = "From: R <im:romeo@example.net>\nTo: <im:juliet@example.com>\nDateTime: 2026-01-02T03:04:05Z";

/** CPIM bodies that linphone took, with our sender, and others of every kind that we read. */
const CORPUS: readonly Buffer[] = [
  ...captured(),
  `${PEOPLE}\nSubject: s\nSubject:;lang=cs Ahoj\\n\\u00e9\nRequire: Subject\n\nContent-Type: text/plain; charset=utf-8\n\nhi é`,
  `${PEOPLE}\nNS: x <urn:ietf:params:imdn>\nx.Message-ID: m\nx.Disposition-Notification: display\nContent-Type: text/html\n\n<p>a <b>b</b><a href='x:y'>c`,
  `${PEOPLE}\n\nContent-Type: multipart/alternative;boundary="b"\n\n--b\n\nplain\n--b\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n<i>=C3=A9</i>=\n--b--`,
  `${PEOPLE}\n\nContent-Type: multipart/mixed;boundary=b\n\n--b\nContent-Transfer-Encoding: base64\n\nw6k=\n--b\nContent-Type: image/png\n\nx\n--b--`,
  `${PEOPLE}\n\nContent-Type: message/cpim\n\n${PEOPLE}\n\nContent-Type: text/plain; charset=iso-8859-15\n\nx`,
  `${PEOPLE}\n\nContent-Type: message/imdn+xml\nContent-Disposition: notification\n\n<imdn xmlns='urn:ietf:params:xml:ns:imdn'><message-id>m</message-id><delivery-notification><status><delivered/></status></delivery-notification></imdn>`,
  `${PEOPLE}\n\nContent-Type: application/im-iscomposing+xml\n\n<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'><state>active</state></isComposing>`,
].map((body) => Buffer.from(crlf(body)));

const WORDS = [
  ...[
    "\r\n\r\n",
    "\r\n",
    "\n",
    ": ",
    ";lang=",
    "\\u0000",
    "\\",
    '"',
    "<",
    ">",
    "\0",
    "\uFFFE",
    "\u2028",
    "🎭",
    "--b",
    "--b--",
  ],
  ...[
    "From: <im:romeo@example.net>",
    "NS: <urn:ietf:params:imdn>",
    "Require: x",
    "Content-Type: message/cpim",
    "Content-Type: text/html",
  ],
  ...[
    "Content-Type: multipart/mixed;boundary=b",
    "Content-Transfer-Encoding: base64",
    "charset=utf-16",
    "=?utf-8?Q?=C3?=",
  ],
];

function captured(): string[] {
  const capture = readFileSync(join(__dirname, "../captures/linphone-cpim-imdn.txt"), "utf8");
  const bodies = [
    ...capture.matchAll(/^From: <(?:sip|im):juliet@p1\.test>\n(?:[^\n-].*\n|\n)+?(?=--- )/gm),
  ].map(([body]) => body);
  return bodies
    .filter((body) => body.includes("DateTime:") && !body.includes("CSeq:"))
    .map((body) =>
      body
        .replaceAll("juliet@p1.test", "romeo@example.net")
        .replaceAll("romeo@sip.test", "juliet@example.com"),
    );
}

type Tally = Record<string, number>;

function feed(body: Buffer, contentType: string, watch: StopWatch, tally: Tally): void {
  const input = sipInput({ contentType, body });
  const made = watch.time(body.length, () => {
    const result = sipMessageToStanza(input, TABLES);
    const outcome = result.ok ? result.value.kind : result.rejection.code;
    tally[outcome] = (tally[outcome] ?? 0) + 1;
    if (!result.ok || result.value.kind !== "message") return undefined;
    return { stanza: result.value.stanza, written: write(result.value.stanza) };
  });
  parseCpim(body);
  if (made === undefined) return;
  const { stanza, written } = made;
  const children = stanza.children.map((node) => (typeof node === "string" ? "" : node.name));
  if (!children.includes("body") || stanza.attrs.from?.startsWith("romeo@example.net") !== true) {
    throw new Error(`a stanza without body or with another sender: ${written}`);
  }
  const read = parseXml(written, { bytes: 10_000_000, depth: 200, elements: 100_000, attributes: 100 });
  if (!read.ok) throw new Error(`not well-formed: ${read.detail}`);
}

test("the captures hold CPIM messages", () => {
  expect(captured()).toHaveLength(6);
});

test(`${MUTATED} mutated bodies`, () => {
  const watch = new StopWatch();
  const chance = new Chance(0xc91);
  const tally: Tally = {};
  for (let count = 0; count < MUTATED; count += 1)
    feed(mutated(CORPUS, WORDS, chance), "message/cpim", watch, tally);
  watch.report(`${MUTATED} mutated CPIM bodies`, tally);
  // Were the mutations all harmless or all fatal, nothing would have been tried.
  for (const outcome of ["message", "CPIM_MALFORMED", "CPIM_SENDER_MISMATCH", "BODY_MALFORMED"]) {
    expect(tally[outcome]).toBeGreaterThan(MUTATED / 500);
  }
});

test(`${GENERATED} generated bodies`, () => {
  const watch = new StopWatch();
  const tally: Tally = {};
  const piece = fc.oneof(
    fc.constantFrom(...WORDS, PEOPLE.replaceAll("\n", "\r\n")),
    anyText({ maxLength: 40 }),
  );
  const body = fc.oneof(
    fc.array(piece, { maxLength: 30 }).map((pieces) => Buffer.from(pieces.join(""))),
    fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
  );
  const type = fc.oneof(
    fc.constantFrom(
      "message/cpim",
      "multipart/mixed;boundary=b",
      "text/html",
      "text/plain",
      'multipart/alternative;boundary="b"',
    ),
    anyText(),
  );
  fc.assert(
    fc.property(body, type, (bytes, contentType) => feed(bytes, contentType, watch, tally)),
    { numRuns: GENERATED, seed: 1 },
  );
  watch.report(`${GENERATED} generated bodies`, tally);
});

const MEGABYTE = 1_000_000;
/** As much HTML as is read at all. */
const html = (unit: string, before = "") =>
  before + unit.repeat(Math.floor((32_768 - before.length) / unit.length));

test.each<[string, string, string]>([
  ["one endless header", "message/cpim", `Subject: ${"x".repeat(MEGABYTE)}`],
  ["headers without end", "message/cpim", "X: y\r\n".repeat(MEGABYTE / 6)],
  [
    "backslashes",
    "message/cpim",
    `${PEOPLE}\nSubject: ${"\\".repeat(15_000)}\n\nContent-Type: text/plain\n\nx`,
  ],
  [
    "parameters",
    "message/cpim",
    `${PEOPLE}\nSubject:${";a=b".repeat(3_500)}\n\nContent-Type: text/plain\n\nx`,
  ],
  [
    "a name that never ends",
    "message/cpim",
    `From: "${"\\x".repeat(7_000)}\n\nContent-Type: text/plain\n\nx`,
  ],
  ["a Require of commas", "message/cpim", `Require: ${",".repeat(15_000)}\n\nContent-Type: text/plain\n\nx`],
  [
    "dispositions",
    "message/cpim",
    `NS: i <urn:ietf:params:imdn>\ni.Disposition-Notification: ${"display,".repeat(1_900)}\n\nContent-Type: text/plain\n\nx`,
  ],
  ["CPIM in CPIM", "message/cpim", "To: <im:a@b>\n\nContent-Type: message/cpim\n\n".repeat(20_000)],
  ["line ends", "message/cpim", "\n".repeat(MEGABYTE)],
  ["delimiters", "multipart/mixed;boundary=b", "--b\n".repeat(MEGABYTE / 4)],
  [
    "almost delimiters",
    `multipart/mixed;boundary=${"b".repeat(70)}`,
    `--${"b".repeat(69)}\n`.repeat(MEGABYTE / 72),
  ],
  ["a Content-Type of parameters", `multipart/mixed${";a=b".repeat(250_000)}`, "x"],
  ["a Content-Type of quotes", `multipart/mixed;a="${"\\".repeat(MEGABYTE)}`, "x"],
  ["a Content-Type of blanks", `multipart/mixed;${" ".repeat(MEGABYTE)}`, "x"],
  [
    "equals signs",
    "multipart/mixed;boundary=b",
    `--b\nContent-Transfer-Encoding: quoted-printable\n\n${"=\n".repeat(400_000)}\n--b--`,
  ],
  ["open tags", "text/html", html("<b>")],
  ["end tags", "text/html", html("</b>")],
  ["paragraphs", "text/html", html("<p>")],
  ["open brackets", "text/html", html("<")],
  ["attributes", "text/html", html("a=1 ", "<b ")],
  [
    "different attributes",
    "text/html",
    `<b ${Array.from({ length: 7_000 }, (_, index) => `a${index}=1`).join(" ")}>x`,
  ],
  ["references", "text/html", html("&amp")],
  ["comments", "text/html", html("<!--")],
  ["links in links", "text/html", html("<a href='http://x'>y")],
  ["links beside links", "text/html", html("<a href='http://x'>y</a>")],
  ["tables in tables", "text/html", html("<table><tr><td>")],
  ["blanks", "text/html", html(" ", "a")],
  ["blanks and tags", "text/html", html(" <i> </i>")],
  ["a style without end", "text/html", html("color:red;", "<b style='")],
  ["one line of text", "text/plain", "x".repeat(262_144)],
  ["carriage returns", "text/plain", "\r".repeat(262_144)],
])("%s", (name, contentType, body) => {
  const watch = new StopWatch();
  const tally: Tally = {};
  const text = contentType === "message/cpim" ? crlf(body) : body;
  feed(Buffer.from(text).subarray(0, 262_144), contentType, watch, tally);
  watch.report(name, tally);
  expect(Object.keys(tally)).toHaveLength(1);
});
