/** Mood, activity and place: XEP-0107, 0108, 0080 ↔ RFC 4480 and PIDF-LO. */

import type { PersonPresence } from "../../../src/core/presence/document";
import {
  pepItemsOf,
  pepItemToPerson,
  pepMessage,
  personToPepEvents,
  RICH_PRESENCE_NODES,
} from "../../../src/core/presence/rich-presence";
import { parseXml } from "../../../src/xml/parser";
import { write } from "../../../src/xml/writer";
import { device, JULIET, person, ROMEO, read, stanza, TABLE, written } from "./fixtures";

const MOOD = "http://jabber.org/protocol/mood";
const ACTIVITY = "http://jabber.org/protocol/activity";
const GEOLOC = "http://jabber.org/protocol/geoloc";

function published(payload: string, before?: PersonPresence): PersonPresence {
  const parsed = parseXml(payload);
  if (!parsed.ok) throw new Error(parsed.detail);
  return pepItemToPerson(parsed.root.ns, parsed.root, before, TABLE);
}

function events(before: PersonPresence | undefined, now: PersonPresence | undefined): string[] {
  return personToPepEvents(before, now, TABLE).map(({ payload }) => write(payload));
}

describe("from PEP", () => {
  test.each([
    ["<relaxing><shopping/></relaxing><text xml:lang='en'>for roses</text>", ["shopping"]],
    ["<eating/>", ["meal"]],
    ["<eating><having_a_snack/></eating>", ["meal"]],
    ["<talking><on_the_phone/></talking>", ["on-the-phone"]],
    ["<inactive><x xmlns='urn:x'/></inactive>", []],
    ["<text>no activity</text>", []],
    ["<unheard_of/>", []],
  ])("activity %s is %j", (inside, activities) => {
    const known = published(
      `<activity xmlns='${ACTIVITY}'>${inside}</activity>`,
      person({ activities: ["busy"] }),
    );
    expect(known.activities).toEqual(activities);
    const words = /<text(?: xml:lang='(\w+)')?>(.*?)</.exec(inside);
    expect(known.activityNotes?.[0]?.text).toBe(words?.[2]);
    expect(known.activityNotes?.[0]?.language).toBe(words?.[1]);
  });

  test("mood, of which there is one", () => {
    expect(published(`<mood xmlns='${MOOD}'><amorous/><sad/><text>Romeo</text></mood>`)).toEqual(
      person({ moods: ["amorous"], moodNotes: [{ text: "Romeo" }] }),
    );
    expect(published(`<mood xmlns='${MOOD}'><unheard_of/><text>x</text></mood>`)).toEqual(person());
  });

  test("place, as far as it is one", () => {
    const text = `<geoloc xmlns='${GEOLOC}' xml:lang='en'><accuracy>20</accuracy><country>Italy</country><lat>45.44</lat>
      <lon>912.33</lon><alt>high</alt><locality> Venice </locality><speed>1</speed><__proto__>x</__proto__></geoloc>`;
    expect(published(text).location).toEqual({
      accuracy: "20",
      country: "Italy",
      lat: "45.44",
      locality: "Venice",
    });
  });

  test("one that says nothing, and one that is retracted, take it back", () => {
    const known = person({
      moods: ["sad"],
      moodNotes: [{ text: "x" }],
      activities: ["meal"],
      location: { lat: "1" },
    });
    expect(published(`<mood xmlns='${MOOD}'/>`, known)).toEqual(
      person({ activities: ["meal"], location: { lat: "1" } }),
    );
    expect(pepItemToPerson(ACTIVITY, undefined, known, TABLE).activities).toEqual([]);
    expect(published(`<geoloc xmlns='${GEOLOC}'/>`, known)).not.toHaveProperty("location");
  });

  test("what is none of ours, or of another kind than its node, changes nothing or takes it back", () => {
    const known = person({ moods: ["sad"] });
    expect(published("<tune xmlns='http://jabber.org/protocol/tune'/>", known)).toBe(known);
    expect(pepItemToPerson(MOOD, stanza("<x xmlns='urn:x'><happy/></x>"), known, TABLE).moods).toEqual([]);
  });

  test("items of a message", () => {
    const text = `<message from='${JULIET}'><event xmlns='http://jabber.org/protocol/pubsub#event'>
      <items node='${MOOD}'><item id='1'><mood xmlns='${MOOD}'><sad/></mood></item><retract id='2'/></items></event></message>`;
    const items = pepItemsOf(stanza(text));
    expect(items.map(({ node, payload }) => [node, payload?.name])).toEqual([
      [MOOD, "mood"],
      [MOOD, undefined],
    ]);
    expect(pepItemsOf(stanza("<message/>"))).toEqual([]);
  });
});

describe("to PEP", () => {
  const RICH = person({
    activities: ["away", "on-the-phone"],
    activityNotes: [{ text: "with the nurse", language: "en" }],
    moods: ["worried"],
    location: { lon: "12.33", lat: "45.44" },
  });
  const MOOD_ITEM = `<mood xmlns='${MOOD}'><worried/></mood>`;
  const ACTIVITY_ITEM = `<activity xmlns='${ACTIVITY}'><talking><on_the_phone/></talking><text xml:lang='en'>with the nurse</text></activity>`;
  const GEOLOC_ITEM = `<geoloc xmlns='${GEOLOC}'><lat>45.44</lat><lon>12.33</lon></geoloc>`;

  test("everything, when nothing was known", () => {
    expect(events(undefined, RICH)).toEqual([MOOD_ITEM, ACTIVITY_ITEM, GEOLOC_ITEM]);
  });

  test("only what has changed", () => {
    expect(events(RICH, { ...RICH })).toEqual([]);
    expect(events({ ...RICH, moods: ["sad"] }, RICH)).toEqual([MOOD_ITEM]);
    expect(events({ ...RICH, location: { lon: "12.33", lat: "45.44", speed: "1" } }, RICH)).toEqual([]);
  });

  test("nothing of somebody who says nothing", () => {
    expect(events(undefined, person({ activities: ["away", "busy"], moods: ["other"] }))).toEqual([]);
  });

  test("that it is over", () => {
    expect(events(RICH, undefined)).toEqual([
      `<mood xmlns='${MOOD}'/>`,
      `<activity xmlns='${ACTIVITY}'/>`,
      `<geoloc xmlns='${GEOLOC}'/>`,
    ]);
  });

  test("in a message that a subscriber takes for an event", () => {
    const [event] = personToPepEvents(undefined, RICH, TABLE);
    const message = pepMessage(event!, ROMEO, JULIET);
    expect(message.attrs).toEqual({ from: ROMEO, to: JULIET, type: "headline" });
    expect(pepItemsOf(message)).toEqual([event]);
    expect(RICH_PRESENCE_NODES).toContain(event!.node);
  });
});

test("what one XMPP user publishes comes to another by way of PIDF", () => {
  const known = [
    `<mood xmlns='${MOOD}'><happy/><text>she loves me</text></mood>`,
    `<activity xmlns='${ACTIVITY}'><working><in_a_meeting/></working></activity>`,
    `<geoloc xmlns='${GEOLOC}'><lat>45.44</lat><lon>12.33</lon><alt>3</alt><countrycode>IT</countrycode><region>Veneto</region>
      <locality>Venice</locality><area>Castello</area><street>Calle 5</street><text>by the bridge</text><floor>2</floor>
      <postalcode>30122</postalcode><building>Palazzo</building><room>7</room></geoloc>`,
  ].reduce<PersonPresence | undefined>((before, payload) => published(payload, before), undefined);
  expect(read(written({ devices: [device()], person: known! })).person).toEqual(known);
});

describe("PIDF-LO of others", () => {
  const located = (inside: string) =>
    read(`<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='pres:x@y'><tuple id='a'><status><basic>open</basic>
      <gp:geopriv xmlns:gp='urn:ietf:params:xml:ns:pidf:geopriv10' xmlns:gml='http://www.opengis.net/gml'>
      <gp:location-info>${inside}</gp:location-info></gp:geopriv></status></tuple></presence>`).person
      ?.location;
  const civic = (inside: string) =>
    located(
      `<c:civicAddress xmlns:c='urn:ietf:params:xml:ns:pidf:geopriv10:civicLoc'>${inside}</c:civicAddress>`,
    );

  test("a street in pieces, by RFC 4119", () => {
    const street =
      "<c:PRD>N</c:PRD><c:A6>Broadway</c:A6><c:STS>Avenue</c:STS><c:HNO>909</c:HNO><c:HNS>b</c:HNS>";
    expect(civic(`<c:country>Italia</c:country><c:LMK>Arena</c:LMK>${street}`)).toEqual({
      country: "Italia",
      building: "Arena",
      street: "N Broadway Avenue 909b",
    });
  });

  test("a circle", () => {
    const circle = `<gs:Circle xmlns:gs='http://www.opengis.net/pidflo/1.0' srsName='urn:ogc:def:crs:EPSG::4326'>
      <gml:pos> 45.4
      12.3 </gml:pos><gs:radius uom='urn:ogc:def:uom:EPSG::9001'>30</gs:radius></gs:Circle>`;
    expect(located(circle)).toEqual({ lat: "45.4", lon: "12.3", accuracy: "30" });
  });

  test.each([
    "",
    "<gml:Point><gml:pos>95 12</gml:pos></gml:Point>",
    "<gml:Point/>",
    "<gml:Point><gml:pos>1</gml:pos></gml:Point>",
  ])("nowhere: %s", (inside) => {
    expect(located(inside)).toBeUndefined();
  });

  test("the person's place wins over a device's", () => {
    const place = (lat: number) =>
      `<g:geopriv xmlns:g='urn:ietf:params:xml:ns:pidf:geopriv10'><g:location-info><p:Point xmlns:p='http://www.opengis.net/gml'>
      <p:pos>${lat} 1</p:pos></p:Point></g:location-info></g:geopriv>`;
    const text = `<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='pres:x@y'><tuple id='a'><status/>${place(1)}</tuple>
      <d:person xmlns:d='urn:ietf:params:xml:ns:pidf:data-model' id='p'>${place(2)}</d:person></presence>`;
    expect(read(text).person?.location).toEqual({ lat: "2", lon: "1" });
  });
});
