import { formatSipUri, parseSipUri } from "../../../src/core/address/sip-uri";

test("every part of a SIP URI (RFC 3261 §19.1.1)", () => {
  expect(
    parseSipUri("SIPS:alice;day=tue:secret@Atlanta.Example.:5061;Transport=TCP;lr;gr=a%20b?Subject=x&y=z"),
  ).toEqual({
    ok: true,
    value: {
      scheme: "sips",
      user: "alice;day=tue",
      host: "atlanta.example",
      port: 5061,
      parameters: new Map([
        ["transport", "TCP"],
        ["lr", undefined],
        ["gr", "a%20b"],
      ]),
      headers: "Subject=x&y=z",
    },
  });
});

test.each([
  ["sip:juliet@[2001:DB8::1]:5062;lr", "sip:juliet@[2001:db8::1]:5062;lr"],
  ["sip:[::1]", "sip:[::1]"],
  ["sip:a%40b@H", "sip:a%40b@h"],
  ["sip:a?b/c=d&e+f$g,h@h", "sip:a?b/c=d&e+f$g,h@h"],
  ["sip:münchen.example", "sip:xn--mnchen-3ya.example"],
  ["sip:alice:secret@h", "sip:alice@h"],
  ["sip:h;gr=", "sip:h;gr="],
  ["im:juliet@example.com?Subject=x", "im:juliet@example.com?Subject=x"],
  ["pres:juliet@example.com", "pres:juliet@example.com"],
  ["tel:+1-(555)-0100;ext=5", "tel:+1-(555)-0100;ext=5"],
  ["xmpp:juliet@example.com/balcony?message", "xmpp:juliet@example.com/balcony?message"],
  ["xmpp://guest@example.org/romeo@montague.example", "xmpp:romeo@montague.example"],
])("%s is written as %s", (text, written) => {
  const uri = parseSipUri(text);
  expect(uri.ok && formatSipUri(uri.value)).toBe(written);
});

test.each([
  ["no scheme", "alice@h", "ADDRESS_MALFORMED"],
  ["nothing", "", "ADDRESS_MALFORMED"],
  ["no host", "sip:", "ADDRESS_MALFORMED"],
  ["no host after a user", "sip:a@", "ADDRESS_MALFORMED"],
  ["an empty user", "sip:@h", "ADDRESS_MALFORMED"],
  ["a password alone", "sip::secret@h", "ADDRESS_MALFORMED"],
  ["a second @", "sip:nurse@home@h", "ADDRESS_MALFORMED"],
  ["a control", "sip:a\r\nb@h", "ADDRESS_MALFORMED"],
  ["a space", "sip:a b@h", "ADDRESS_MALFORMED"],
  ["an end of brackets", "sip:a>b@h", "ADDRESS_MALFORMED"],
  ["half of a surrogate pair", "sip:\ud800@h", "ADDRESS_MALFORMED"],
  ["port 0", "sip:a@h:0", "ADDRESS_MALFORMED"],
  ["port 65536", "sip:a@h:65536", "ADDRESS_MALFORMED"],
  ["an empty port", "sip:a@h:", "ADDRESS_MALFORMED"],
  ["a port of letters", "sip:a@h:x", "ADDRESS_MALFORMED"],
  ["something after an IP literal", "sip:a@[::1]x", "ADDRESS_MALFORMED"],
  ["a parameter twice", "sip:a@h;gr=x;GR=y", "ADDRESS_MALFORMED"],
  ["a parameter without a name", "sip:a@h;;lr", "ADDRESS_MALFORMED"],
  ["a number without digits", "tel:+()", "ADDRESS_MALFORMED"],
  ["an encoded host", "sip:a@%68", "ADDRESS_MALFORMED"],
  ["another scheme", "https://h/", "SCHEME_UNSUPPORTED"],
  ["more than 65,536 characters", `sip:${"a".repeat(65_536)}@h`, "ADDRESS_TOO_LONG"],
])("refused: %s", (_, text, code) => {
  expect(parseSipUri(text)).toMatchObject({ ok: false, rejection: { code } });
});

test("65,000 parameters are read in linear time", () => {
  const many = Array.from({ length: 12_000 }, (_, index) => `p${index}`).join(";");
  expect(parseSipUri(`sip:a@h;${many.slice(0, 65_000)}`).ok).toBe(true);
});
