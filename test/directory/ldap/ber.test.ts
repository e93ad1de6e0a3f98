import fc from "fast-check";
import { isSoundMessage, messageLength } from "../../../src/directory/ldap/ber";
import {
  bindResponse,
  extendedResponse,
  message,
  searchDone,
  searchEntry,
  searchReference,
  text,
  tlv,
} from "../../support/ldap-server";

const ENTRY = searchEntry(7, { dn: "uid=romeo", attributes: { uid: ["romeo"], cn: ["a", "b"], empty: [] } });
const SOUND: [string, Buffer][] = [
  ["an entry", ENTRY],
  ["the end of a search", searchDone(7, 0)],
  ["a referral", searchDone(7, 10, ["ldap://elsewhere.example"])],
  ["a reference", searchReference(7, "ldap://elsewhere.example")],
  ["an answer to bind", bindResponse(7, 49)],
  ["an answer to StartTLS", extendedResponse(7, 0)],
  [
    "a cookie for the next page",
    message(
      7,
      tlv(0x65, tlv(0x0a, Buffer.from([0])), text(""), text("")),
      tlv(0xa0, tlv(0x30, text("1.2.840.113556.1.4.319"), tlv(0x01, Buffer.from([0])), text("cookie"))),
    ),
  ],
];

test.each(SOUND)("%s is sound, and its length is known from its head", (_, octets) => {
  expect(isSoundMessage(octets)).toBe(true);
  expect(messageLength(octets.subarray(0, 6))).toBe(octets.length);
});

test("a length is known only from all of its octets", () => {
  expect(messageLength(Buffer.alloc(0))).toBeUndefined();
  expect(messageLength(Buffer.from("30", "hex"))).toBeUndefined();
  expect(messageLength(Buffer.from("3082ff", "hex"))).toBeUndefined();
  expect(messageLength(Buffer.from("3082ffff", "hex"))).toBe(65_539);
  expect(messageLength(Buffer.from("3080", "hex"))).toBeNaN();
  expect(messageLength(Buffer.from("3085", "hex"))).toBeNaN();
  expect(messageLength(Buffer.from("31", "hex"))).toBeNaN();
});

test.each(SOUND)("%s with an octet less, or one more, is not", (_, octets) => {
  expect(isSoundMessage(octets.subarray(0, -1))).toBe(false);
  expect(isSoundMessage(Buffer.concat([octets, Buffer.from([0])]))).toBe(false);
});

test("whatever octets change, the judgement ends and what is sound is of the shape that the library reads", () => {
  fc.assert(
    fc.property(
      fc.nat(ENTRY.length - 1),
      fc.nat(255),
      fc.nat(ENTRY.length - 1),
      fc.nat(255),
      (at, octet, other, more) => {
        const changed = Buffer.from(ENTRY);
        changed[at] = octet;
        changed[other] = more;
        expect(typeof isSoundMessage(changed)).toBe("boolean");
      },
    ),
    { numRuns: 2_000 },
  );
});

test("nesting costs no more than its octets", () => {
  let deep = tlv(0x30);
  for (let depth = 0; depth < 2_000; depth++) deep = tlv(0x30, deep);
  expect(isSoundMessage(message(1, deep))).toBe(false);
});
