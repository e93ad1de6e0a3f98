/** Cards and pictures of people on SIP. XEP-0054, XEP-0153. */

import { createHash } from "node:crypto";
import { avatarElement } from "../../../src/core/service/vcard";
import { element } from "../../../src/xml/element";
import { at, content, errorText, fakeDirectory, outcome, ROMEO, STRANGER, setStage } from "./stage";

const VCARD = "<vCard xmlns='vcard-temp'/>";
const TO_ROMEO = { to: "romeo@sip.example" };

test("the card of somebody whom the directory knows", async () => {
  const card = content(await setStage().ask(VCARD, TO_ROMEO));
  expect(card.ns).toBe("vcard-temp");
  expect(at(card, "FN")).toBe("Romeo Montague");
  expect(at(card, "N", "FAMILY")).toBe("Montague");
  expect(at(card, "N", "GIVEN")).toBe("Romeo");
  expect(at(card, "ORG", "ORGNAME")).toBe("House of Montague");
  expect(at(card, "ORG", "ORGUNIT")).toBe("Heirs");
  expect(at(card, "EMAIL", "USERID")).toBe("romeo@mail.example");
  expect(at(card, "TEL", "NUMBER")).toBe("+3945123");
  expect(at(card, "TITLE")).toBe("Son");
  expect(at(card, "PHOTO", "TYPE")).toBe("image/png");
  expect(at(card, "PHOTO", "BINVAL")).toBe("iVBORw==");
  expect(at(card, "JABBERID")).toBe("romeo@sip.example");
  expect(at(card, "URL")).toBe("sip:romeo@sip.example");
});

test("the address is compared in canonical form", async () => {
  const card = content(await setStage().ask(VCARD, { to: "ROMEO@SIP.example" }));
  expect(at(card, "FN")).toBe("Romeo Montague");
});

test.each([
  ["whoever is unknown", { to: "nobody@sip.example" }],
  ["strangers, though a rule lets them write", { ...TO_ROMEO, from: STRANGER }],
])("%s: an empty card", async (_, attrs) => {
  const answer = await setStage().ask(VCARD, attrs);
  expect(outcome(answer)).toBe("result");
  expect(content(answer)).toEqual(element("vcard-temp", "vCard"));
});

test("whoever may not use the service has no card", async () => {
  const stage = setStage({}, {}, fakeDirectory({ ...ROMEO, isAllowed: false }));
  expect(content(await stage.ask(VCARD, TO_ROMEO)).children).toEqual([]);
  expect(await stage.service.avatarHash(ROMEO.jid)).toBe("");
});

test("a directory that is away is an error of type wait, not an empty card", async () => {
  const stage = setStage();
  stage.directory.state = "away";
  const answer = await stage.ask(VCARD, TO_ROMEO);
  expect(outcome(answer)).toBe("wait resource-constraint");
  expect(errorText(answer)).toContain("30 seconds");
});

test("nobody sets the card of somebody else", async () => {
  const attrs = { ...TO_ROMEO, type: "set" };
  expect(outcome(await setStage().ask(VCARD, attrs))).toBe("auth forbidden");
});

test("a picture that fits into no stanza is left out, of card and hash alike", async () => {
  const photo = { type: "image/jpeg", octets: new Uint8Array(5_000_000) };
  const stage = setStage({}, {}, fakeDirectory({ ...ROMEO, card: { photo } }));
  expect(at(content(await stage.ask(VCARD, TO_ROMEO)), "PHOTO")).toBeUndefined();
  expect(await stage.service.avatarHash(ROMEO.jid)).toBe("");
});

test("the hash of the picture is that of its octets (XEP-0153 §3.1)", async () => {
  const stage = setStage();
  const octets = ROMEO.card?.photo?.octets ?? new Uint8Array();
  expect(stage.service.avatarHash(ROMEO.jid)).toBe(createHash("sha1").update(octets).digest("hex"));
  expect(stage.service.avatarHash("nobody@sip.example")).toBe("");
  stage.directory.state = "away";
  expect(stage.service.avatarHash(ROMEO.jid)).toBeUndefined();
});

test("presence says of a picture what is known at this moment", () => {
  const stage = setStage();
  const octets = ROMEO.card?.photo?.octets ?? new Uint8Array();
  const hash = createHash("sha1").update(octets).digest("hex");
  expect(stage.service.avatarOf(ROMEO.jid)).toEqual(avatarElement(hash));
  expect(stage.service.avatarOf("nobody@sip.example")).toEqual(avatarElement(""));
  stage.directory.state = "hangs";
  expect(stage.service.avatarOf(ROMEO.jid)).toEqual(avatarElement(undefined));
  expect(setStage({}, { cards: false }).service.avatarOf(ROMEO.jid)).toBeUndefined();
});

test("the element for presence: a hash, no picture, not known yet (XEP-0153 §3.1)", () => {
  const ns = "vcard-temp:x:update";
  expect(avatarElement("abc")).toEqual(element(ns, "x", {}, element(ns, "photo", {}, "abc")));
  expect(avatarElement("")).toEqual(element(ns, "x", {}, element(ns, "photo")));
  expect(avatarElement(undefined)).toEqual(element(ns, "x"));
});

test("without a directory there are no cards, and nobody is told of any", () => {
  const stage = setStage({ directory: undefined as never });
  expect(stage.service.offers.bare.features).toEqual([]);
  return expect(stage.ask(VCARD, TO_ROMEO)).rejects.toThrow("nobody answers");
});

test("a full JID has no card of its own", () =>
  expect(setStage().ask(VCARD, { to: "romeo@sip.example/phone" })).rejects.toThrow("nobody answers"));
