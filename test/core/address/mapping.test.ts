import { sipUriToJid } from "../../../src/core/address/sip-to-xmpp";
import { jidToSipUri } from "../../../src/core/address/xmpp-to-sip";
import { formatXmppUri, parseXmppUri } from "../../../src/core/address/xmpp-uri";
import type { Result } from "../../../src/core/result";

test.each([
  [
    "an escape in a SIP name stays that name (digest of §6.4: no impersonation)",
    "sip:nurse%5C26co@h",
    "nurse\\5c26co@h",
  ],
  ["an encoded @", "sip:nurse%40home@h", "nurse\\40home@h"],
  ["a fullwidth ampersand is no ampersand later", "sip:a%EF%BC%86b@h", "a\\26b@h"],
  ["a fullwidth backslash makes no escape", "sip:a%EF%BC%BC26b@h", "a\\5c26b@h"],
  ["an upper-case escape makes none by folding", "sip:a%5C3Ab@h", "a\\5c3ab@h"],
  ["an accent takes the digit of an escape away", "sip:a%5C3c%CC%81@h", "a\\3ć@h"],
  ["case folds", "sip:Romeo@H", "romeo@h"],
  ["a semicolon before the @ belongs to the user", "sip:a;b=c@h;gr=d", "a;b=c@h/d"],
  ["percent-decoding is done once", "sip:a%2540b@h", "a%40b@h"],
  ["a gr with a slash and a space", "sip:a@h;gr=ward%207/x", "a@h/ward 7/x"],
  ["A-labels become U-labels", "sip:a@xn--mnchen-3ya.de", "a@münchen.de"],
  ["an IPv6 literal", "sip:a@[2001:DB8::1]:5060", "a@[2001:db8::1]"],
  ["an im URI has no resource", "im:a@h;gr=x", "a@h"],
  ["an xmpp URI is the JID in it (RFC 5122)", "xmpp:o%5C27malley@h/x%20y?message", "o\\27malley@h/x y"],
])("SIP → JID: %s", (_, uri, jid) => {
  expect(shown(sipUriToJid(uri))).toBe(jid);
});

test.each([
  ["invalid UTF-8", "sip:%C3%28@h", "ADDRESS_MALFORMED"],
  ["a NUL", "sip:a%00b@h", "ADDRESS_MALFORMED"],
  ["a line break in gr", "sip:a@h;gr=x%0d%0aTo:y", "ADDRESS_MALFORMED"],
  ["a space in front", "sip:%20a@h", "ADDRESS_MALFORMED"],
  ["an accent that would destroy the escape before it", "sip:%3E%CC%81@h", "ADDRESS_MALFORMED"],
  ["what PRECIS refuses", "sip:%F0%9F%98%80@h", "ADDRESS_MALFORMED"],
  ["an encoded separator in an xmpp URI", "xmpp:a%40b@h", "ADDRESS_MALFORMED"],
  ["a number without a domain", "tel:+15550100", "SCHEME_UNSUPPORTED"],
])("SIP → JID refuses %s", (_, uri, code) => {
  expect(shown(sipUriToJid(uri))).toBe(code);
});

test.each([
  ["an escaped @", "nurse\\40home@h", undefined, "sip:nurse%40home@h"],
  [
    "a resource is encoded as a parameter value",
    'a@h/ward 7;x?y>z"',
    undefined,
    "sip:a@h;gr=ward%207%3Bx%3Fy%3Ez%22",
  ],
  ["U-labels become A-labels", "ü@münchen.de", undefined, "sip:%C3%BC@xn--mnchen-3ya.de"],
  ["an IPv6 literal keeps its brackets", "a@[::1]/r", undefined, "sip:a@[::1];gr=r"],
  ["im has its own set", "a(b),c;d@h/r", "im", "im:a%28b%29%2Cc%3Bd@h"],
  ["sips", "a@h/r", "sips", "sips:a@h;gr=r"],
] as const)("JID → SIP: %s", (_, jid, scheme, uri) => {
  expect(shown(jidToSipUri(jid, scheme === undefined ? {} : { scheme }))).toBe(uri);
});

test.each(["a\\5cb@h", "a\\5c41@h", "\\20a@h", "a\\20@h"])("%s is refused: it could not come back", (jid) => {
  expect(shown(jidToSipUri(jid))).toBe("ADDRESS_MALFORMED");
});

test("the rule is told in a sentence", () => {
  expect(sipUriToJid("sip:O'Malley%20x@xn--mnchen-3ya.de;gr=d")).toMatchObject({
    value: {
      value: "o\\27malley\\20x@münchen.de/d",
      rule: "RFC 7247 §6.4: percent-decoded (step 3), escaped by XEP-0106 (step 5), case folded (step 6), domain in U-labels (RFC 7622 §3.2), gr became the resource (step 8)",
    },
  });
  expect(sipUriToJid("sip:a@h")).toMatchObject({ value: { rule: "RFC 7247 §6.4: nothing to convert" } });
  expect(jidToSipUri("ü\\26@h/r", { scheme: "im" })).toMatchObject({
    value: {
      rule: "RFC 7247 §6.5: unescaped by XEP-0106 (step 3), percent-encoded (step 5), im and pres URIs take no resource (step 8)",
    },
  });
});

test.each([
  ["tel:+1-(555).01-00", "+15550100@t.example"],
  ["tel:+15550100;EXT=5;isub=1411;postd=PP22", "+15550100;isub=1411;postd=pp22;ext=5@t.example"],
  ["tel:863-1234;phone-context=+1-914-555", "8631234;phone-context=+1914555@t.example"],
  ["tel:7042;phone-context=Example.com", "7042;phone-context=example.com@t.example"],
])("%s is a user of the domain for numbers (RFC 3261 §19.1.6)", (uri, jid) => {
  expect(shown(sipUriToJid(uri, { telDomain: "t.example" }))).toBe(jid);
});

test("an xmpp URI is written and read again (RFC 5122)", () => {
  const jid = { local: "o\\27malley;ü", domain: "münchen.de", resource: "a/b ?#" };
  const uri = formatXmppUri(jid);
  expect(uri).toBe("xmpp:o%5C27malley%3B%C3%BC@m%C3%BCnchen.de/a%2Fb%20%3F%23");
  expect(parseXmppUri(uri)).toEqual({ ok: true, value: jid });
  expect(parseXmppUri("sip:a@h")).toMatchObject({ ok: false, rejection: { code: "SCHEME_UNSUPPORTED" } });
});

function shown(result: Result<{ value: string }>): string {
  return result.ok ? result.value.value : result.rejection.code;
}
