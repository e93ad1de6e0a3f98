/** Presence stanzas, read and written: RFC 8048 §6.2 and §6.3, RFC 6121 §4.7. */

import fc from "fast-check";
import type { PersonPresence, Show } from "../../../src/core/presence/document";
import { isPresenceNotification } from "../../../src/core/presence/from-stanza";
import { deviceToPresence, goneStanza } from "../../../src/core/presence/to-stanza";
import { scrub } from "../../../src/xml/characters";
import { element } from "../../../src/xml/element";
import { parseXml } from "../../../src/xml/parser";
import { write } from "../../../src/xml/writer";
import { anyText } from "../../support/any-text";
import {
  CAPS,
  device,
  fromStanza,
  JULIET,
  NOW,
  person,
  ROMEO,
  stanza,
  TABLE,
  textOf,
  toStanza,
} from "./fixtures";

const FROM = `from='${JULIET}/balcony'`;

describe("stanza to device", () => {
  test("everything that a stanza may say", () => {
    const text = `<presence ${FROM} xml:lang='en'><show>dnd</show><priority>5</priority>
      <status>Wooing</status><status xml:lang='cs'>Dvořím se</status>
      <delay xmlns='urn:xmpp:delay' stamp='2026-01-02T03:00:00Z'/><idle xmlns='urn:xmpp:idle:1' since='2026-01-02T02:00:00Z'/></presence>`;
    expect(fromStanza(text)).toEqual({
      id: "balcony",
      open: true,
      show: "dnd",
      priority: 5,
      notes: [
        { text: "Wooing", language: "en" },
        { text: "Dvořím se", language: "cs" },
      ],
      since: Date.UTC(2026, 0, 2, 3),
      idleSince: Date.UTC(2026, 0, 2, 2),
      activities: [],
    });
  });

  test("unavailable says no more than its words", () => {
    const text = `<presence ${FROM} type='unavailable'><show>away</show><priority>5</priority><status>bye</status></presence>`;
    expect(fromStanza(text)).toEqual(device({ open: false, notes: [{ text: "bye" }] }));
  });

  test.each([
    ["a show that is none", "<show>busy</show>"],
    ["a priority that is none", "<priority>128</priority>"],
    ["an empty status", "<status> </status>"],
    ["elements of another namespace", "<show xmlns='urn:x'>away</show><status xmlns='urn:x'>x</status>"],
    [
      "times that are none",
      "<delay xmlns='urn:xmpp:delay' stamp='x'/><idle xmlns='urn:xmpp:idle:1' since='x'/>",
    ],
  ])("%s says nothing", (_, inside) => {
    expect(fromStanza(`<presence ${FROM}>${inside}</presence>`)).toEqual(device());
  });

  test("idle in seconds, as XEP-0256 has it", () => {
    const text = `<presence ${FROM}><query xmlns='jabber:iq:last' seconds='60'/></presence>`;
    expect(fromStanza(text).idleSince).toBe(NOW - 60_000);
  });

  test.each([
    ["juliet@example.com", ""],
    ["juliet@example.com/a/b@c", "a/b@c"],
  ])("the device of %s is %j", (from, id) => {
    expect(fromStanza(`<presence from='${from}'/>`).id).toBe(id);
  });

  test.each([
    ["", true],
    ["type='unavailable'", true],
    ["type='subscribe'", false],
    ["type='probe'", false],
    ["type='error'", false],
  ])("presence with %j is a notification: %s", (type, is) => {
    expect(isPresenceNotification(stanza(`<presence ${FROM} ${type}/>`))).toBe(is);
  });
});

describe("device to stanza", () => {
  test("everything that a device may say", () => {
    const shown = device({
      show: "xa",
      priority: 102,
      notes: [{ text: "x" }, { text: "y", language: "fr" }],
      since: NOW,
      idleSince: NOW - 1000,
    });
    expect(write(deviceToPresence(shown, undefined, ROMEO, JULIET, TABLE, [CAPS]), "jabber:client")).toBe(
      "<presence from='romeo@example.net/balcony' to='juliet@example.com'><show>xa</show><status>x</status>" +
        "<status xml:lang='fr'>y</status><priority>102</priority><delay xmlns='urn:xmpp:delay' stamp='2026-01-02T03:04:05Z'/>" +
        "<idle xmlns='urn:xmpp:idle:1' since='2026-01-02T03:04:04Z'/><c xmlns='http://jabber.org/protocol/caps' node='x'/></presence>",
    );
  });

  test("closed, and with a language that all words share", () => {
    const shown = device({ id: "", open: false, notes: [{ text: "x", language: "fr" }] });
    expect(
      write(deviceToPresence(shown, person({ activities: ["busy"] }), ROMEO, JULIET, TABLE, [CAPS])),
    ).toBe(
      "<presence xmlns='jabber:client' from='romeo@example.net' to='juliet@example.com' type='unavailable' xml:lang='fr'>" +
        "<status>x</status></presence>",
    );
  });

  test("one status for each language", () => {
    const notes = ["en", "EN", undefined, undefined].map((language) =>
      language === undefined ? { text: "x" } : { text: "x", language },
    );
    expect(toStanza(device({ notes })).children).toEqual([
      element("jabber:client", "status", { "xml:lang": "en" }, "x"),
      element("jabber:client", "status", {}, "x"),
    ]);
  });

  test.each<[string, PersonPresence, string]>([
    ["what the person says", person({ notes: [{ text: "p" }], activityNotes: [{ text: "a" }] }), "p"],
    ["else what he says of his doings", person({ activityNotes: [{ text: "a" }] }), "a"],
  ])("without words of the device: %s", (_, whose, words) => {
    expect(toStanza(device(), whose).children).toEqual([element("jabber:client", "status", {}, words)]);
    expect(toStanza(device({ notes: [{ text: "d" }] }), whose).children).toEqual([
      element("jabber:client", "status", {}, "d"),
    ]);
  });

  const SHOWS: readonly [string, Show | undefined, string[], string[], Show | undefined][] = [
    ["its own before all", "away", ["busy"], ["busy"], "away"],
    ["its activities before the person's", undefined, ["away"], ["busy"], "away"],
    ["the person's", undefined, [], ["on-the-phone"], "dnd"],
    [
      "of several the one that comes first in the table",
      undefined,
      ["travel", "vacation", "meeting"],
      [],
      "dnd",
    ],
    ["none", undefined, ["working", "other", "unheard-of"], ["tv"], undefined],
  ];
  test.each(SHOWS)("its show: %s", (_, show, activities, persons, shown) => {
    const made = toStanza(device({ activities, ...(show && { show }) }), person({ activities: persons }));
    expect(made.children).toEqual(shown === undefined ? [] : [element("jabber:client", "show", {}, shown)]);
  });

  test("that it has gone", () => {
    expect(write(goneStanza("orchard", ROMEO, JULIET))).toBe(
      "<presence xmlns='jabber:client' from='romeo@example.net/orchard' to='juliet@example.com' type='unavailable'/>",
    );
    expect(goneStanza("", ROMEO, JULIET).attrs.from).toBe(ROMEO);
  });
});

test("no word of anybody brings the stream down: what leaves is XML, and without what XML forbids it is what was said", () => {
  fc.assert(
    fc.property(anyText({ maxLength: 50 }), (words) => {
      const text = write(toStanza(device({ id: words, notes: [{ text: words, language: "en" }] })));
      const parsed = parseXml(text);
      if (!parsed.ok) throw new Error(parsed.detail);
      expect(textOf(parsed.root, "status")).toBe(scrub(words).text);
      expect(scrub(text).removed).toBe(0);
    }),
  );
});
