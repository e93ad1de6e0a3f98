/** mappings/presence.yaml: what is shipped, both ways, and what is refused. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadPresenceTable } from "../../src/config/mappings";
import { ConfigError } from "../../src/config/problem";
import { showOf } from "../../src/core/presence/availability";
import type { Show } from "../../src/core/presence/document";

const SHIPPED = readFileSync(join(__dirname, "../../mappings/presence.yaml"), "utf8");
const TABLE = loadPresenceTable(SHIPPED, "presence.yaml");
const SHOWS: readonly Show[] = ["away", "chat", "dnd", "xa"];

/** Names of an enumeration in test/rfc/schemas/rpid.xsd. */
function namesOf(enumeration: string): string[] {
  const schema = readFileSync(join(__dirname, "../rfc/schemas/rpid.xsd"), "utf8");
  const from = schema.indexOf(`<xs:element name="${enumeration}">`);
  const part = schema.slice(from, schema.indexOf("</xs:complexType>", from));
  return [...part.matchAll(/<xs:element name="([a-z_-]+)" type="empty"/g)].map((match) => match[1]!);
}

test("every activity of RFC 4480 has a row, and only `lunch` is none of its schema", () => {
  const rpid = [...namesOf("activities"), "other"];
  expect(rpid.length).toBeGreaterThan(25);
  expect([...TABLE.activities.keys()].filter((name) => !rpid.includes(name))).toEqual(["lunch"]);
  expect(rpid.filter((name) => !TABLE.activities.has(name))).toEqual([]);
});

test("every mood of RFC 4480 is itself, and whatever goes out is one", () => {
  const rpid = namesOf("mood").filter((name) => name !== "unknown");
  expect(rpid.length).toBeGreaterThan(55);
  expect(rpid.filter((name) => TABLE.moods.get(name) !== name)).toEqual([]);
  expect([...TABLE.moods.values()].filter((name) => !rpid.includes(name))).toEqual([]);
});

test("show comes back from its activity, but for those that RPID has no word for", () => {
  const lost = SHOWS.filter((show) => {
    const activity = TABLE.shows.get(show);
    return showOf(activity === undefined ? [] : [activity], TABLE) !== show;
  });
  expect(lost).toEqual(["chat", "xa"]);
});

test("an activity comes back from its show as the one that stands for all of its kind", () => {
  const back = [...TABLE.activities].map(([name, { show }]) => [name, show && TABLE.shows.get(show)]);
  expect(back.filter(([name, activity]) => name === activity).map(([name]) => name)).toEqual([
    "away",
    "busy",
  ]);
  expect(Object.fromEntries(back)).toMatchObject({
    meeting: "busy",
    "on-the-phone": "busy",
    travel: "away",
    vacation: "away",
    sleeping: "away",
    tv: undefined,
  });
});

test("an activity comes back from XEP-0108, but for those that it has no word for", () => {
  const lost = [...TABLE.activities].filter(([name, { userActivity = "", writtenAs }]) => {
    const general = userActivity.replace(/\/.*/, "");
    return (
      (TABLE.userActivities.get(userActivity) ?? TABLE.userActivities.get(general)) !== name || writtenAs
    );
  });
  expect(lost.map(([name]) => name)).toEqual([
    "away",
    "busy",
    "in-transit",
    "looking-for-work",
    "lunch",
    "other",
    "performance",
    "permanent-absence",
    "playing",
    "presentation",
    "spectator",
    "unknown",
  ]);
});

test.each([
  [["away", "busy"], "dnd"],
  [["busy", "away"], "dnd"],
  [["vacation", "breakfast"], "xa"],
  [["on-the-phone"], "dnd"],
  [["working"], undefined],
  [["unheard-of"], undefined],
  [[], undefined],
])("%j shows as %s, whatever the order", (activities, show) => {
  expect(showOf(activities, TABLE)).toBe(show);
});

test.each([
  ["no such section", (text: string) => `${text}\nextra: 1\n`, "extra"],
  ["a show is missing", (text: string) => text.replace(/^ {2}dnd: .*\n/m, ""), "shows.dnd"],
  [
    "a row without rule",
    (text: string) => text.replace("{ show: none, rule: RFC 4480 3.2 }", "{ show: none }"),
    "rule",
  ],
  [
    "no show at all",
    (text: string) => text.replace("travel: { show: away", "travel: { show: gone"),
    "activities.travel.show",
  ],
  [
    "a show for an activity without a row",
    (text: string) => text.replace("activity: busy", "activity: bussy"),
    "shows.dnd.activity",
  ],
  [
    "an activity without a row",
    (text: string) => text.replace("eating: meal", "eating: meel"),
    "user-activities.rows.eating",
  ],
  [
    "a precedence with gaps",
    (text: string) => text.replace("[dnd, xa, away, chat]", "[dnd, xa, away]"),
    "precedence.shows",
  ],
  ["a name that is none", (text: string) => text.replace("travel: { show", "'<x>': { show"), "<x>"],
])("refused: %s", (_, spoil, key) => {
  const text = spoil(SHIPPED);
  expect(text).not.toBe(SHIPPED);
  expect(() => loadPresenceTable(text, "presence.yaml")).toThrow(ConfigError);
  expect(() => loadPresenceTable(text, "presence.yaml")).toThrow(key);
});
