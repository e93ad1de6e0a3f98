import { formatNameAddr, isUri, parseNameAddr } from "../../../src/sip/message/name-addr";

test.each([
  ["<sip:a@b>", undefined, "sip:a@b", []],
  ["sip:juliet@p1.test;tag=x", undefined, "sip:juliet@p1.test", [["tag", "x"]]],
  ["sip:juliet@p1.test ;\ttag = x", undefined, "sip:juliet@p1.test", [["tag", "x"]]],
  ["<sip:juliet@p1.test;gr=x>;tag=y", undefined, "sip:juliet@p1.test;gr=x", [["tag", "y"]]],
  ["Juliet <sip:a@b>", "Juliet", "sip:a@b", []],
  ["  Juliet  Capulet\t<sip:a@b>  ;tag=1", "Juliet  Capulet", "sip:a@b", [["tag", "1"]]],
  ["Juliet<sip:a@b>", "Juliet", "sip:a@b", []],
  ["Am\u00e9lie <sip:a@b>", "Am\u00e9lie", "sip:a@b", []],
  ['"J \\"Rosenberg\\" <x>" <sip:a@b>;tag=1', 'J "Rosenberg" <x>', "sip:a@b", [["tag", "1"]]],
  ['"" <sip:a@b>', undefined, "sip:a@b", []],
  [
    '"Anonymous"<sip:c8oqz84zk7z@privacy.org>;tag=hyh8',
    "Anonymous",
    "sip:c8oqz84zk7z@privacy.org",
    [["tag", "hyh8"]],
  ],
  ["<http://a.test/?x,y>", undefined, "http://a.test/?x,y", []],
  ["tel:+15551234;tag=q", undefined, "tel:+15551234", [["tag", "q"]]],
  ["<im:a@b>;tag=q", undefined, "im:a@b", [["tag", "q"]]],
  ["<sip:[2001:db8::1]:5060>", undefined, "sip:[2001:db8::1]:5060", []],
  ['sip:a@b;+sip.instance="<urn:uuid:1>"', undefined, "sip:a@b", [["+sip.instance", "<urn:uuid:1>"]]],
  [
    '<sip:a@b>;+sip.instance="<urn:uuid:1>";expires=600',
    undefined,
    "sip:a@b",
    [
      ["+sip.instance", "<urn:uuid:1>"],
      ["expires", "600"],
    ],
  ],
])("parseNameAddr(%j)", (value, displayName, uri, parameters) => {
  const address = parseNameAddr(value)!;
  expect([address.displayName, address.uri, [...address.parameters]]).toEqual([displayName, uri, parameters]);
  expect(parseNameAddr(formatNameAddr(address))).toEqual(address);
});

test.each([
  "",
  "*",
  "juliet",
  "@",
  "<>",
  "<sip:>",
  "< sip:a@b>",
  "<sip:a@b >",
  "<sip:a b@c>",
  "<sip:a@b",
  "sip:a@b>",
  "<<sip:a@b>>",
  '"Juliet <sip:a@b>',
  '"Juliet" sip:a@b',
  '"Juliet"',
  'Juliet "Capulet" <sip:a@b>',
  "Bell, Alexander <sip:a@b>",
  "<sip:a@b>, <sip:c@d>",
  "sip:a@b, sip:c@d",
  "sip:a@b?subject=x",
  "<sip:a@b> x",
  "<sip:a@b>;",
  "<sip:a@b>;;tag=1",
  "sip:a@b <sip:c@d>",
  "1sip:a@b",
  ":a@b",
  "<sip:a@b>tag=1",
  'sip:a"b@c',
  "<sip:a\u0001@b>",
])("parseNameAddr(%j) is refused", (value) => expect(parseNameAddr(value)).toBeUndefined());

test("a display name is always quoted, so that it can hold anything", () => {
  expect(
    formatNameAddr({ displayName: 'x" <sip:evil@h>', uri: "sip:a@b", parameters: new Map([["tag", "1"]]) }),
  ).toBe('"x\\" <sip:evil@h>" <sip:a@b>;tag=1');
  expect(formatNameAddr({ uri: "sip:a@b" })).toBe("<sip:a@b>");
});

test("a URI needs a scheme and something after it", () => {
  expect(["sip:a", "x-y.z+1:a", "urn:service:sos"].every(isUri)).toBe(true);
  expect(["", "a", "sip:", "-x:a", "s ip:a", "sip:a b", "sip:<a>", "\u00e4:a"].some(isUri)).toBe(false);
});
