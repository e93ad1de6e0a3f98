/** PIDF as people write it: RFC 3863, 4479, 4480; RFC 8048 §6.3. */

import { MAXIMUM_DEVICES } from "../../../src/core/presence/limits";
import { device, OPEN, person, pidf, read, refused, tuple } from "./fixtures";

const CLOSED_PERSON = { devices: [{ id: "", open: false, notes: [], activities: [] }] };

test("everything that a tuple may say", () => {
  const text = pidf(
    tuple(`<status><basic>open</basic><show xmlns='jabber:client'>xa</show></status>
      <rpid:user-input last-input='2026-01-02T03:00:00Z'>idle</rpid:user-input>
      <contact priority='0.8'>sip:romeo@example.net</contact>
      <note xml:lang='en'>Wooing Juliet</note><note xml:lang='fr'> Auprès d'elle
      </note><timestamp>2026-01-02T02:00:00+01:00</timestamp>`),
  );
  expect(read(text).devices).toEqual([
    {
      id: "orchard",
      open: true,
      show: "xa",
      priority: 102,
      notes: [
        { text: "Wooing Juliet", language: "en" },
        { text: "Auprès d'elle", language: "fr" },
      ],
      since: Date.UTC(2026, 0, 2, 1),
      idleSince: Date.UTC(2026, 0, 2, 3),
      activities: [],
    },
  ]);
});

test("any prefix, any order, extensions that nobody knows", () => {
  const text = `<p:presence xmlns:p='urn:ietf:params:xml:ns:pidf' entity='pres:romeo@example.net'>
    <d:person xmlns:d='urn:ietf:params:xml:ns:pidf:data-model' id='x'>
      <r:activities xmlns:r='urn:ietf:params:xml:ns:pidf:rpid'><r:on-the-phone/></r:activities></d:person>
    <x:unheard-of xmlns:x='urn:x'/>
    <p:tuple id='orchard'><p:note>Wooing</p:note><p:timestamp>soon</p:timestamp>
      <p:contact priority='high'>x</p:contact><p:status><x:y xmlns:x='urn:x'/><p:basic> OPEN </p:basic></p:status></p:tuple>
    </p:presence>`;
  expect(read(text)).toEqual({
    devices: [device({ id: "orchard", notes: [{ text: "Wooing" }] })],
    person: person({ activities: ["on-the-phone"] }),
  });
});

test("the most available device comes first, wherever it stands", () => {
  const show = (name: string) =>
    `<status><basic>open</basic><show xmlns='jabber:client'>${name}</show></status>`;
  const text = pidf(
    tuple("<status><basic>closed</basic></status>", "closed") +
      ["dnd", "xa", "away", "nonsense", "chat"].map((name) => tuple(show(name), name)).join(""),
  );
  expect(read(text).devices.map(({ id }) => id)).toEqual(["chat", "nonsense", "away", "xa", "dnd", "closed"]);
});

test("of two equally available devices the one with the higher priority comes first", () => {
  const text = pidf(
    tuple(OPEN, "a") + tuple(`${OPEN}<contact priority='0.5'>x</contact>`, "b") + tuple(OPEN, "c"),
  );
  expect(read(text).devices.map(({ id }) => id)).toEqual(["b", "a", "c"]);
});

test("a document without a tuple says that the person is closed (RFC 3922 §6.3.2)", () => {
  expect(read(pidf(""))).toEqual(CLOSED_PERSON);
});

test("who does not say closed is open", () => {
  expect(read(pidf(tuple("") + tuple("<status/>", "b"))).devices.map(({ open }) => open)).toEqual([
    true,
    true,
  ]);
});

test("of two tuples with one id the more available one counts, whichever stands first", () => {
  const closed = tuple("<status><basic>closed</basic></status>");
  for (const both of [tuple(OPEN) + closed, closed + tuple(OPEN)]) {
    expect(read(pidf(both)).devices).toEqual([device({ id: "orchard" })]);
  }
});

describe("notes", () => {
  const note = (attributes: string) => pidf(tuple(`${OPEN}<note ${attributes}>x</note>`));
  test.each([
    ["their own language", note("xml:lang='cs'"), "fr", "cs"],
    ["that of Content-Language", note(""), "fr, de", "fr"],
    ["that of the document", note("").replace("<presence ", "<presence xml:lang='de' "), "fr", "de"],
    ["that of the tuple", note("").replace("<tuple ", "<tuple xml:lang='it' "), "fr", "it"],
    ["none where it is malformed", note("xml:lang='x'"), undefined, undefined],
  ])("have %s", (_, text, contentLanguage, language) => {
    const [first] = read(text, undefined, contentLanguage === undefined ? {} : { contentLanguage }).devices;
    expect(first?.notes[0]?.language).toBe(language);
  });

  test("of the person and of the document belong to the person", () => {
    const text = pidf(`${tuple(OPEN)}<note xml:lang='fr'>d</note><dm:person id='p'>
      <rpid:activities><rpid:note>a</rpid:note><rpid:away/></rpid:activities>
      <rpid:mood><rpid:note>m</rpid:note><rpid:happy/></rpid:mood><dm:note>p</dm:note></dm:person>`);
    expect(read(text).person).toEqual({
      activities: ["away"],
      moods: ["happy"],
      notes: [{ text: "p" }, { text: "d", language: "fr" }],
      activityNotes: [{ text: "a" }],
      moodNotes: [{ text: "m" }],
    });
  });

  test.each(["busy", "Am Telefon", "occupé, ne pas déranger", "pryč na dovolené", "Away", "do not disturb"])(
    "mean nothing but their words (bug 12): %s",
    (words) => {
      const [shown] = read(pidf(tuple(`${OPEN}<note>${words}</note>`))).devices;
      expect(shown).toEqual(device({ id: "orchard", notes: [{ text: words }] }));
    },
  );
});

describe("activities", () => {
  const RPID = "xmlns:r='urn:ietf:params:xml:ns:pidf:rpid'";
  const DRAFT = "xmlns:r='urn:ietf:params:xml:ns:pidf:status:rpid'";
  const status = (inside: string) => tuple(`<status><basic>open</basic>${inside}</status>`);
  test.each([
    ["in the tuple", tuple(`${OPEN}<r:activities ${RPID}><r:busy/></r:activities>`), ["busy"]],
    ["in the status, by a draft", status(`<r:activities ${DRAFT}><r:away/></r:activities>`), ["away"]],
    [
      "as text, by an older draft",
      status(`<r:activities ${DRAFT}><r:activity>meeting</r:activity></r:activities>`),
      ["meeting"],
    ],
    ["as RFC 3922 §5.2.10 has it", status("<im xmlns='urn:ietf:params:xml:ns:pidf:im'>busy</im>"), ["busy"]],
    [
      "several, each once",
      tuple(`${OPEN}<r:activities ${RPID}><r:travel/><r:meal/><r:travel/></r:activities>`),
      ["travel", "meal"],
    ],
    ["of nobody's namespace", tuple(`${OPEN}<activities xmlns='urn:x'><away/></activities>`), []],
    ["by no name that could be one", tuple(`${OPEN}<r:activities ${RPID}><r:BUSY/></r:activities>`), []],
  ])("are read %s", (_, text, activities) => {
    expect(read(pidf(text)).devices[0]?.activities).toEqual(activities);
  });

  test("of a closed device are not", () => {
    const text = `<status><basic>closed</basic></status><r:activities ${RPID}><r:busy/></r:activities>`;
    expect(read(pidf(tuple(text))).devices[0]?.activities).toEqual([]);
  });

  test("of several persons are those of one: a presence server writes one for each device", () => {
    const one = (id: string, name: string) =>
      `<dm:person id='${id}'><rpid:activities><rpid:${name}/></rpid:activities></dm:person>`;
    expect(read(pidf(tuple(OPEN) + one("a", "away") + one("b", "busy"))).person?.activities).toEqual([
      "away",
      "busy",
    ]);
  });
});

describe("idle", () => {
  const input = (attributes: string, state = "idle") =>
    `<rpid:user-input ${attributes}>${state}</rpid:user-input>`;
  const AT = Date.UTC(2026, 0, 2, 3);
  const STAMP = "<timestamp>2026-01-02T03:10:00Z</timestamp>";
  test.each([
    ["by last-input", tuple(OPEN + input("last-input='2026-01-02T03:00:00Z'")), AT],
    ["by threshold and timestamp", tuple(OPEN + input("idle-threshold='600'") + STAMP), AT],
    ["nobody knows since when", tuple(OPEN + input("idle-threshold='600'")), undefined],
    ["not at all", tuple(OPEN + input("last-input='2026-01-02T03:00:00Z'", "active")), undefined],
    [
      "as the person",
      `${tuple(OPEN)}<dm:person id='p'>${input("last-input='2026-01-02T03:00:00Z'")}</dm:person>`,
      AT,
    ],
    [
      "as the device that runs it",
      `${tuple(`${OPEN}<dm:deviceID>urn:x:1</dm:deviceID>`)}<dm:device id='d'>
        ${input("last-input='2026-01-02T03:00:00Z'")}<dm:deviceID>urn:x:1</dm:deviceID></dm:device>`,
      AT,
    ],
  ])("%s", (_, text, since) => {
    expect(read(pidf(text)).devices[0]?.idleSince).toBe(since);
  });
});

describe("older formats", () => {
  const XPIDF = "application/xpidf+xml";
  const xpidf = (inside: string) => `<?xml version="1.0"?>
<!DOCTYPE presence PUBLIC "-//IETF//DTD RFCxxxx XPIDF 1.0//EN" "xpidf.dtd">
<presence><presentity uri="sip:romeo@example.net;method=SUBSCRIBE"/>
<atom id="1000"><address uri="sip:romeo@example.net;user=ip" priority="0.800000">${inside}</address></atom></presence>`;

  test.each([
    ["open", "", {}],
    ["open", "online", {}],
    ["open", "away", { activities: ["away"] }],
    ["open", "onthephone", { activities: ["on-the-phone"] }],
    ["open", "busy", { activities: ["busy"] }],
    ["inuse", "", { activities: ["on-the-phone"] }],
    ["inactive", "berightback", { activities: ["away"] }],
    ["nonsense", "nonsense", {}],
  ])("xpidf of MSN: %s, %s", (status, more, fields) => {
    const text = xpidf(`<status status="${status}"/><msnsubstatus substatus="${more}"/>`);
    expect(read(text, XPIDF).devices).toEqual([device({ id: "1000", priority: 102, ...fields })]);
  });

  test.each(['<status status="closed"/>', '<status status="open"/><msnsubstatus substatus="offline"/>'])(
    "xpidf, closed: %s",
    (inside) => {
      expect(read(xpidf(inside), XPIDF).devices).toEqual([
        { id: "1000", open: false, notes: [], activities: [] },
      ]);
    },
  );

  test("xpidf of libpurple", () => {
    const text = `<?xml version="1.0" encoding="UTF-8"?>
<presence>
<presentity uri="sip:romeo@sip.test;method=SUBSCRIBE"/>
<display name="sip:romeo@sip.test"/>
<atom id="1234">
<address uri="sip:romeo@sip.test">
<status status="open"/>
</address>
</atom>
</presence>`;
    expect(read(text, XPIDF).devices).toEqual([device({ id: "1234" })]);
  });

  test("a document type with something inside is refused in any format", () => {
    const text = xpidf("").replace('"xpidf.dtd"', '"xpidf.dtd" [<!ENTITY a "b">]');
    expect(refused(text, XPIDF).code).toBe("BODY_MALFORMED");
    expect(refused(`<!DOCTYPE presence>${pidf("")}`).code).toBe("BODY_MALFORMED");
  });

  test("cpim-pidf, which is PIDF in another namespace", () => {
    const text = `<presence xmlns="urn:ietf:params:xml:ns:cpim-pidf" entity="pres:romeo@example.net">
      <tuple id="a"><status><value>closed</value></status></tuple>
      <tuple id="b"><status><basic>open</basic></status><contact priority="1">im:romeo@example.net</contact></tuple>
      </presence>`;
    expect(read(text, "application/cpim-pidf+xml").devices).toEqual([
      device({ id: "b", priority: 127 }),
      device({ id: "a", open: false }),
    ]);
  });
});

describe("refused", () => {
  test.each([
    ["another type", pidf(""), "text/plain", "CONTENT_TYPE_UNSUPPORTED"],
    ["no type", pidf(""), "", "CONTENT_TYPE_UNSUPPORTED"],
    ["broken XML", "<presence><tuple", undefined, "BODY_MALFORMED"],
    ["nothing", "", undefined, "BODY_MALFORMED"],
    ["no text", Buffer.from([0xff, 0xfe]), undefined, "BODY_MALFORMED"],
    ["another document", "<list xmlns='urn:ietf:params:xml:ns:rlmi'/>", undefined, "BODY_MALFORMED"],
    ["too deep", pidf("<a>".repeat(40) + "</a>".repeat(40)), undefined, "BODY_MALFORMED"],
    ["a thousand tuples", pidf(tuple(OPEN).repeat(1000)), undefined, "BODY_MALFORMED"],
    ["too long", pidf(`<note>${"x".repeat(300_000)}</note>`), undefined, "TOO_LONG"],
  ])("%s", (_, text, type, code) => {
    expect(refused(text, type).code).toBe(code);
  });

  test("an unsupported type names what is taken", () => {
    expect(refused("", "application/watcherinfo+xml").sipHeaders).toEqual([
      ["Accept", "application/pidf+xml"],
    ]);
  });
});

describe("bounds", () => {
  test("of five hundred tuples the most available are kept", () => {
    const closed = "<status><basic>closed</basic></status>";
    const many = Array.from({ length: 500 }, (_, at) => tuple(at < 400 ? closed : OPEN, `t${at}`)).join("");
    const { devices } = read(pidf(many));
    expect(devices).toHaveLength(MAXIMUM_DEVICES);
    expect(devices.every(({ open }) => open)).toBe(true);
  });

  test("of a hundred notes a few, of a long one the beginning", () => {
    const text = pidf(tuple(`${OPEN}${`<note>${"y".repeat(3000)}</note>`.repeat(50)}`));
    const [first] = read(text).devices;
    expect(first?.notes).toHaveLength(10);
    expect(first?.notes[0]?.text).toHaveLength(2000);
  });
});
