/** PIDF as phones get it: RFC 8048 §6.2, RFC 3863, 4479, 4480; bugs 2, 9 and 12 of gateways before us. */

import fc from "fast-check";
import { effectiveShow } from "../../../src/core/presence/availability";
import type { DevicePresence, PresenceDocument, Show } from "../../../src/core/presence/document";
import { contentLanguage } from "../../../src/core/presence/write-pidf";
import { scrub } from "../../../src/xml/characters";
import { anyText } from "../../support/any-text";
import { needs } from "../../support/requires";
import { schemaProblems } from "../../support/schema";
import { device, fromStanza, JULIET, NOW, person, read, TABLE, written } from "./fixtures";

const HEAD = `<?xml version="1.0" encoding="UTF-8"?>\r\n<presence xmlns='urn:ietf:params:xml:ns:pidf'`;

/** What stands between the root's tags. */
function inside(document: PresenceDocument, switches = {}): string {
  return /<presence[^>]*>(.*)<\/presence>$/s.exec(written(document, switches))![1]!;
}

test("one available device is RFC 8048's own example", () => {
  expect(written({ devices: [fromStanza(`<presence from='${JULIET}/yn0cl4bnw0yr3vym'/>`)] })).toBe(
    `${HEAD} entity='pres:juliet@example.com'><tuple id='ID-yn0cl4bnw0yr3vym'><status><basic>open</basic></status></tuple></presence>`,
  );
});

test("everything that a device may say, in the order of the schema", () => {
  const shown = device({
    show: "away",
    priority: 13,
    since: NOW,
    idleSince: NOW - 60_000,
    notes: [{ text: "retired <to> the chamber" }, { text: "partie & loin", language: "fr" }],
  });
  expect(written({ devices: [shown] })).toBe(
    `${HEAD} xmlns:dm='urn:ietf:params:xml:ns:pidf:data-model' xmlns:rpid='urn:ietf:params:xml:ns:pidf:rpid' entity='pres:juliet@example.com'>` +
      "<tuple id='ID-balcony'><status><basic>open</basic><show xmlns='jabber:client'>away</show></status>" +
      "<rpid:user-input last-input='2026-01-02T03:03:05Z'>idle</rpid:user-input>" +
      "<contact priority='0.102'>sip:juliet@example.com</contact>" +
      "<note>retired &lt;to&gt; the chamber</note><note xml:lang='fr'>partie &amp; loin</note>" +
      "<timestamp>2026-01-02T03:04:05Z</timestamp></tuple>" +
      "<dm:person id='person'><rpid:activities><rpid:away/></rpid:activities></dm:person></presence>",
  );
});

describe("which devices", () => {
  const ids = (document: PresenceDocument) =>
    [...written(document).matchAll(/<tuple id='ID-(\w*)'><status><basic>(\w+)/g)].map((match) =>
      match.slice(1).join(" "),
    );
  const open = (id: string, show?: Show) => device({ id, ...(show && { show }) });
  const closed = (id: string): DevicePresence => ({ id, open: false, notes: [], activities: [] });

  test("all that are open, the most available first (bug 2)", () => {
    expect(ids({ devices: [open("a", "dnd"), open("b", "away"), open("c"), open("d", "chat")] })).toEqual([
      "d open",
      "c open",
      "b open",
      "a open",
    ]);
  });

  test("one that leaves does not close those that stay (bug 9)", () => {
    expect(ids({ devices: [closed("a"), open("b")] })).toEqual(["b open"]);
  });

  test("when all have left: closed, once (bug 9)", () => {
    expect(ids({ devices: [closed("a"), closed("b")] })).toEqual(["a closed"]);
  });

  test("never none", () => {
    expect(ids({ devices: [] })).toEqual([" closed"]);
  });
});

describe("what phones are told of a show", () => {
  const SHOWN: readonly [Show, string][] = [
    ["away", "away"],
    ["xa", "away"],
    ["dnd", "busy"],
  ];
  test.each(SHOWN)("%s is told by RPID as %s beside <show/>", (show, activity) => {
    const text = inside({ devices: [device({ show })] });
    expect(text).toContain(`<show xmlns='jabber:client'>${show}</show>`);
    expect(text).toContain(`<rpid:activities><rpid:${activity}/></rpid:activities>`);
  });

  test("of several devices the person does what the most available one shows", () => {
    const devices = [device({ id: "a", show: "dnd" }), device({ id: "b" })];
    expect(inside({ devices })).not.toContain("rpid:");
    expect(
      inside({ devices: [device({ id: "a", show: "dnd" }), device({ id: "b", show: "away" })] }),
    ).toContain("<rpid:activities><rpid:away/></rpid:activities>");
  });

  // COMPAT(baresip 1.0)
  test("a peer that takes away for offline is not told it, but is told busy", () => {
    expect(inside({ devices: [device({ show: "xa" })] }, { rpidAway: false })).not.toContain("rpid:");
    expect(inside({ devices: [device({ show: "xa" })] }, { rpidAway: false })).toContain(">xa</show>");
    expect(inside({ devices: [device({ show: "dnd" })] }, { rpidAway: false })).toContain("<rpid:busy/>");
  });

  test("who is closed does nothing", () => {
    const devices: DevicePresence[] = [{ id: "a", open: false, notes: [{ text: "gone" }], activities: [] }];
    expect(inside({ devices, person: person({ activities: ["busy"], moods: ["sad"] }) })).toBe(
      "<tuple id='ID-a'><status><basic>closed</basic></status><note>gone</note></tuple>",
    );
  });
});

test("what a person publishes is told beside it, in RPID's words", () => {
  const text = inside({
    devices: [device({ show: "dnd" })],
    person: person({
      activities: ["lunch", "busy", "other", "unheard-of", "travel"],
      activityNotes: [{ text: "in Mantua" }, { text: "a Mantova", language: "it" }],
      moods: ["amorous"],
      notes: [{ text: "love" }],
      location: { lat: "45.44", lon: "12.33", countrycode: "it", locality: "Venice", street: "Calle" },
    }),
  });
  expect(text).toContain(
    "<dm:person id='person'>" +
      "<rpid:activities><rpid:note>in Mantua</rpid:note><rpid:busy/><rpid:meal/><rpid:travel/></rpid:activities>" +
      "<rpid:mood><rpid:in_love/></rpid:mood>" +
      "<gp:geopriv><gp:location-info><gml:Point srsName='urn:ogc:def:crs:EPSG::4326'><gml:pos>45.44 12.33</gml:pos></gml:Point>" +
      "<ca:civicAddress><ca:country>IT</ca:country><ca:A3>Venice</ca:A3><ca:RD>Calle</ca:RD></ca:civicAddress>" +
      "</gp:location-info><gp:usage-rules/></gp:geopriv><dm:note>love</dm:note></dm:person>",
  );
});

test("the entity has the scheme that the peer wants", () => {
  expect(written({ devices: [] }, { presenceEntity: "sip" })).toContain("entity='sip:juliet@example.com'");
});

test("a negative priority is not told", () => {
  expect(inside({ devices: [device({ priority: -1 })] })).not.toContain("contact");
});

test("times that no xs:dateTime can hold are left out", () => {
  const shown = device({ since: -1, idleSince: 9e15 });
  expect(inside({ devices: [shown] })).toBe(
    "<tuple id='ID-balcony'><status><basic>open</basic></status></tuple>",
  );
});

test.each([
  ["of all notes", [{ text: "a", language: "fr" }], "fr"],
  ["none when they differ", [{ text: "a", language: "fr" }, { text: "b" }], undefined],
  ["none when they have none", [{ text: "a" }], undefined],
])("Content-Language is that %s", (_, notes, language) => {
  expect(contentLanguage({ devices: [device({ notes })] })).toBe(language);
});

const texts = anyText({ maxLength: 30 });
const times = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1000);
const notes = fc.array(
  fc.record({ text: texts, language: fc.constantFrom("en", "cs", "zh-Hant") }, { requiredKeys: ["text"] }),
  { maxLength: 3 },
);
const devices = fc.uniqueArray(
  fc.record(
    {
      id: fc.string({ unit: "grapheme", maxLength: 20 }),
      open: fc.boolean(),
      show: fc.constantFrom<Show>("away", "chat", "dnd", "xa"),
      priority: fc.integer({ min: -128, max: 127 }),
      notes,
      since: times,
      idleSince: times,
      activities: fc.subarray(["away", "lunch", "other", "nonsense", "busy"]),
    },
    { requiredKeys: ["id", "open", "notes", "activities"] },
  ),
  { selector: ({ id }) => id, maxLength: 5 },
);
const persons = fc.record({
  activities: fc.subarray(["meeting", "lunch", "unknown", "other", "x y"]),
  moods: fc.subarray(["happy", "amorous", "no mood"]),
  notes,
  activityNotes: notes,
  location: fc.dictionary(fc.constantFrom("lat", "lon", "street", "country", "text"), texts),
});
const documents = fc.record({ devices, person: persons }, { requiredKeys: ["devices"] });

test("what is written is read again as it was", () => {
  const named = devices.map((all) =>
    all.map((shown, at) => ({ ...shown, open: true, id: `${at} of_${shown.id.replace(/[^\w ]/g, "é")}` })),
  );
  fc.assert(
    fc.property(named, (all) => {
      fc.pre(all.length > 0);
      const back = new Map(read(written({ devices: all })).devices.map((shown) => [shown.id, shown]));
      expect(back.size).toBe(all.length);
      for (const shown of all) {
        const { id, priority = -1, since, idleSince } = shown;
        const again = back.get(id);
        expect(again).toMatchObject({ id, open: true });
        expect(again?.show).toBe(effectiveShow(shown, undefined, TABLE));
        expect(again?.priority).toBe(priority < 0 ? undefined : priority);
        expect([again?.since, again?.idleSince]).toEqual([since, idleSince]);
        const words = shown.notes.map(({ text }) => scrub(text).text.trim()).filter((text) => text !== "");
        expect(again?.notes.map(({ text }) => text)).toEqual(words);
      }
    }),
  );
});

needs(["libxml2-utils"], "by the schemas of RFC 3863, 4479 and 4480", () => {
  test("whatever is known, the documents are valid (bug 2)", () => {
    const made = fc.sample(documents, { numRuns: 60, seed: 1 }).map((document) => written(document));
    for (const text of made) {
      expect(schemaProblems(text, "presence")).toBe("");
    }
  });

  test("the validator looks inside", () => {
    const text = written({ devices: [device({ show: "dnd" })] });
    expect(schemaProblems(text, "presence")).toBe("");
    expect(schemaProblems(text.replace("rpid:busy", "rpid:lunch"), "presence")).toContain("lunch");
    expect(schemaProblems(text.replace("id='ID-balcony'", "id='1'"), "presence")).toContain("id");
  });
});
