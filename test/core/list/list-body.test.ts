import { buildListBody, type ListEntry } from "../../../src/core/list/list-body";
import { readList } from "../../support/list-body";
import { needs } from "../../support/requires";
import { schemaProblems } from "../../support/schema";

const HEAD = { uri: "sip:friends@sip.example", name: "Friends & <foes>", version: 3, full: true };
const ENTRIES: readonly ListEntry[] = [
  {
    uri: "sip:juliet@xmpp.example",
    name: "Juliet",
    instance: { state: "active", contentType: "application/pidf+xml", content: "<presence/>\n" },
  },
  { uri: "sip:nurse@xmpp.example", instance: { state: "pending" } },
  { uri: "sip:paris@xmpp.example", instance: { state: "terminated", reason: "rejected" } },
  { uri: "sip:mercutio@sip.example" },
  {
    uri: "sip:tybalt%40far.example@gateway.example",
    instance: { state: "active", contentType: "application/pidf+xml", content: "<presence>Ä</presence>" },
  },
];

function built(entries = ENTRIES, head = HEAD) {
  const { contentType, body } = buildListBody(head, entries, "b0undary-_x");
  return readList(contentType, body);
}

test("RLMI names each contact, its state and the part that holds it (RFC 4662 §5.2 to §5.5)", () => {
  expect(built()).toMatchObject({
    uri: HEAD.uri,
    name: HEAD.name,
    version: 3,
    full: true,
    resources: [
      { uri: "sip:juliet@xmpp.example", name: "Juliet", state: "active", document: "<presence/>\n" },
      { uri: "sip:nurse@xmpp.example", state: "pending" },
      { uri: "sip:paris@xmpp.example", state: "terminated", reason: "rejected" },
      { uri: "sip:mercutio@sip.example" },
      { uri: ENTRIES[4]!.uri, state: "active", document: "<presence>Ä</presence>" },
    ],
  });
});

test("nothing is known of a contact: no instance (RFC 4662 §4.5)", () => {
  expect(built().resources[3]).toEqual({ uri: "sip:mercutio@sip.example" });
});

test("a part has its type, and stands as it is", () => {
  expect(built().resources[0]?.contentType).toBe('application/pidf+xml;charset="UTF-8"');
  expect(buildListBody(HEAD, ENTRIES, "b").body).toContain("\r\nContent-Transfer-Encoding: binary\r\n");
});

test("a partial state says so", () => {
  expect(built(ENTRIES.slice(0, 1), { ...HEAD, version: 4, full: false })).toMatchObject({
    version: 4,
    full: false,
    resources: [{ state: "active" }],
  });
});

test("an empty list is a document too", () => {
  expect(built([])).toMatchObject({ full: true, resources: [] });
});

test.each([
  ["sip:friends@sip.example", "@sip.example>"],
  ["sip:friends@sip.example:5070;transport=tcp", "@sip.example>"],
  ["sip:lists.example", "@lists.example>"],
  ["sip:friends@[2001:db8::1]", "@list.invalid>"],
])("Content-IDs of %s end in a host (RFC 2392 §2)", (uri, end) => {
  const { contentType } = buildListBody({ ...HEAD, uri }, [], "b");
  expect(contentType).toContain(end);
});

needs(["libxml2-utils"], "xmllint finds RLMI valid", () => {
  test.each([
    ["full", ENTRIES],
    ["empty", []],
  ])("%s", (_, entries) => {
    expect(schemaProblems(built(entries).rlmi, "rlmi")).toBe("");
  });

  test("and would find a mistake", () => {
    expect(schemaProblems(built().rlmi.replace("version='3'", ""), "rlmi")).toContain("version");
  });
});
