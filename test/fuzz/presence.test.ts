/**
 * Hostile presence documents: mutated real ones and bombs. Never an exception; what is read is within its bounds, can be shown
 * (addresses that XMPP takes, stanzas that are XML), can be written, and reads again as it was.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseJid } from "../../src/core/address/jid";
import { documentChanges } from "../../src/core/presence/changes";
import type { PresenceDocument } from "../../src/core/presence/document";
import { DOCUMENT_LIMITS, MAXIMUM_DEVICES } from "../../src/core/presence/limits";
import { readPresenceDocument } from "../../src/core/presence/read-document";
import { personToPepEvents } from "../../src/core/presence/rich-presence";
import { parseXml } from "../../src/xml/parser";
import { write } from "../../src/xml/writer";
import { device, OPEN, person, pidf, TABLE, toStanza, tuple, written } from "../core/presence/fixtures";
import { Chance, mutated, StopWatch } from "./mutation";

const MUTATED = 15_000;

const CORPUS: readonly Buffer[] = [
  ...captured(),
  written({
    devices: [
      device({
        show: "dnd",
        priority: 7,
        since: 1e12,
        idleSince: 1e12,
        notes: [{ text: "x", language: "fr" }],
      }),
    ],
    person: person({
      activities: ["meeting"],
      moods: ["happy"],
      notes: [{ text: "é" }],
      location: { lat: "45.4", lon: "12.3", street: "Calle", countrycode: "IT" },
    }),
  }),
  `<?xml version="1.0"?><!DOCTYPE presence PUBLIC "-//IETF//DTD RFCxxxx XPIDF 1.0//EN" "xpidf.dtd"><presence>
    <atom id="1"><address uri="sip:a@b" priority="0.8"><status status="open"/><msnsubstatus substatus="away"/></address></atom></presence>`,
].map((document) => Buffer.from(document));

const WORDS = [
  ...[
    "ID-",
    "_2F",
    "_",
    "id='ID-_00'",
    "id='1 2'",
    "id=' '",
    "<tuple id='x'/>",
    "<tuple>",
    "</tuple>",
    "</status>",
  ],
  ...[
    "open",
    "closed",
    "priority='-1'",
    "priority='1e9'",
    "xml:lang='x-'",
    "xml:lang=''",
    "<note>",
    "</note>",
    "\uFFFF",
  ],
  ...[
    "<rpid:busy/>",
    "<rpid:other>x</rpid:other>",
    "<dm:person id='q'>",
    "<timestamp>9999-12-31T23:59:59Z</timestamp>",
  ],
  ...[
    "<show xmlns='jabber:client'>xa</show>",
    "<!DOCTYPE presence>",
    "<basic>",
    "\uD83C",
    "🌙",
    "&#x7;",
    "9".repeat(50),
  ],
];

const VALUES = [
  ...[
    "",
    " ",
    "x",
    "ID-",
    "ID-_20",
    "ID-_F0_9F",
    "a/b",
    "1 2",
    "🌙",
    "\u200b",
    "é".repeat(1_100),
    "0.5",
    "-1",
    "1e9",
  ],
  ...[
    "open",
    "closed",
    "OPEN",
    "away",
    "dnd",
    "idle",
    "600",
    "95 200",
    "45.4 12.3 7",
    "2026-01-02T03:04:05Z",
  ],
  ...["0000-01-01T00:00:00Z", "fr", "x-", "urn:ietf:params:xml:ns:pidf:rpid", "jabber:client"],
];

const TYPES = ["application/pidf+xml", "application/xpidf+xml", "application/cpim-pidf+xml"];

function captured(): string[] {
  const folder = join(__dirname, "../captures");
  return readdirSync(folder).flatMap((file) => {
    const text = readFileSync(join(folder, file), "utf8");
    return [...text.matchAll(/^<\?xml (?:.*\n)+?<\/[a-z:]*presence>/gm)].map(([document]) => document);
  });
}

type Tally = Record<string, number>;

function feed(bytes: Buffer, type: string, watch: StopWatch, tally: Tally): void {
  const result = watch.time(bytes.length, () => readPresenceDocument(type, bytes));
  const outcome = result.ok ? "read" : result.rejection.code;
  tally[outcome] = (tally[outcome] ?? 0) + 1;
  if (result.ok) check(result.value);
}

function check(document: PresenceDocument): void {
  const { devices } = document;
  if (devices.length === 0 || devices.length > MAXIMUM_DEVICES) throw new Error(`${devices.length} devices`);
  for (const shown of devices) {
    const stanza = toStanza(shown, document.person);
    if (!parseJid(stanza.attrs.from ?? "").ok) throw new Error(`from ${JSON.stringify(stanza.attrs.from)}`);
    if (!parseXml(write(stanza)).ok) throw new Error(`stanza ${write(stanza)}`);
  }
  for (const { payload } of personToPepEvents(undefined, document.person, TABLE)) write(payload);
  const again = readPresenceDocument("application/pidf+xml", Buffer.from(written(document)));
  if (!again.ok) throw new Error(`not read again: ${written(document)}`);
  const open = devices.filter((shown) => shown.open).map(({ id }) => id);
  const back = again.value.devices.filter((shown) => shown.open).map(({ id }) => id);
  if (open.sort().join("\n") !== back.sort().join("\n"))
    throw new Error(`not the same again: ${written(document)}`);
  if (documentChanges(open, document, document).changed.length > 0)
    throw new Error("changed without a change");
}

/** A document of the corpus in which some values and texts are others: most of these are well-formed. */
function misspelt(chance: Chance): Buffer {
  const text = chance
    .pick(CORPUS)
    .toString()
    .replace(/(['">])([^'"<>]+)(?=['"<])/g, (whole, before: string) =>
      chance.below(8) === 0 ? before + chance.pick(VALUES) : whole,
    );
  return Buffer.from(text);
}

test(`${MUTATED} mutated documents`, () => {
  const watch = new StopWatch();
  const chance = new Chance(0x5e1);
  const tally: Tally = {};
  for (let count = 0; count < MUTATED; count += 1) {
    const bytes = chance.below(2) === 0 ? mutated(CORPUS, WORDS, chance) : misspelt(chance);
    feed(bytes, chance.pick(TYPES), watch, tally);
  }
  watch.report(`${MUTATED} mutated documents`, tally);
  for (const outcome of ["read", "BODY_MALFORMED"]) expect(tally[outcome]).toBeGreaterThan(MUTATED / 10);
});

const fill = (unit: (at: number) => string, elements = 1) => {
  let text = "";
  for (
    let at = 0;
    text.length < DOCUMENT_LIMITS.bytes - 2_000 && at * elements < DOCUMENT_LIMITS.elements - 10;
    at++
  ) {
    text += unit(at);
  }
  return text;
};

test.each<[string, string]>([
  ["tuples without end", pidf(fill((at) => tuple(OPEN, `t${at}`), 3))],
  ["tuples of one id", pidf(fill(() => tuple(OPEN), 3))],
  [
    "devices and tuples that name them",
    pidf(
      fill(
        (at) =>
          `<tuple id='t${at}'><dm:deviceID>d${at}</dm:deviceID></tuple><dm:device id='i${at}'><dm:deviceID>d${at}</dm:deviceID></dm:device>`,
        4,
      ),
    ),
  ],
  ["persons", pidf(tuple(OPEN) + fill((at) => `<dm:person id='p${at}'><dm:note>x</dm:note></dm:person>`, 2))],
  ["activities", pidf(tuple(OPEN + fill(() => "<rpid:activities><rpid:busy/></rpid:activities>", 2)))],
  ["notes", pidf(tuple(OPEN + fill((at) => `<note>${at}</note>`)))],
  ["one id of escapes", pidf(tuple(OPEN, `ID-${"_F0_9F_8C_99".repeat(20_000)}`))],
  ["one note", pidf(tuple(`${OPEN}<note>${"x ".repeat(120_000)}</note>`))],
  ["blanks", pidf(tuple(`<status><basic>${" ".repeat(240_000)}closed</basic></status>`))],
  ["a time", pidf(tuple(`${OPEN}<timestamp>${"9".repeat(240_000)}</timestamp>`))],
])("%s", (name, document) => {
  const watch = new StopWatch();
  const tally: Tally = {};
  for (const type of TYPES) feed(Buffer.from(document), type, watch, tally);
  watch.report(name, tally);
  expect(tally).toEqual({ read: TYPES.length });
});
