import { canonicalName, isKnownName } from "../../../src/sip/message/canonical-name";
import {
  formatChallenge,
  formatCredentials,
  parseChallenge,
  parseCredentials,
} from "../../../src/sip/message/challenge";
import { formatCSeq, parseCSeq } from "../../../src/sip/message/cseq";
import { formatSipDate, parseSipDate } from "../../../src/sip/message/date";
import { parseMediaType } from "../../../src/sip/message/media-type";

test("canonical names (RFC 3261 §7.3.3)", () => {
  expect(["v", "V", "VIA", "via", "Via"].map(canonicalName)).toEqual(Array(5).fill("Via"));
  expect(["call-id", "cseq", "WWW-AUTHENTICATE", "sip-etag", "mime-version"].map(canonicalName)).toEqual([
    "Call-ID",
    "CSeq",
    "WWW-Authenticate",
    "SIP-ETag",
    "MIME-Version",
  ]);
  expect(["X-Foo", "x-foo", "q", "constructor", "__proto__"].map(canonicalName)).toEqual([
    "X-Foo",
    "x-foo",
    "q",
    "constructor",
    "__proto__",
  ]);
  expect([isKnownName("Via"), isKnownName("via"), isKnownName("v")]).toEqual([true, false, false]);
});

test("CSeq (§20.16)", () => {
  expect(parseCSeq("0009  INVITE")).toEqual({ number: 9, method: "INVITE" });
  expect(parseCSeq(" 20 MESSAGE\t")).toEqual({ number: 20, method: "MESSAGE" });
  for (const bad of ["", "1", "1MESSAGE", "-1 MESSAGE", "1.5 MESSAGE", "4294967296 A", "1 A B", "1 A@"]) {
    expect(parseCSeq(bad)).toBeUndefined();
  }
  expect(formatCSeq({ number: 7, method: "MESSAGE" })).toBe("7 MESSAGE");
});

test("SIP-date (§20.17)", () => {
  expect(parseSipDate("Sat, 13 Nov 2010 23:29:00 GMT")).toBe(Date.parse("2010-11-13T23:29:00Z"));
  expect(formatSipDate(Date.parse("2010-11-03T03:09:01.999Z"))).toBe("Wed, 03 Nov 2010 03:09:01 GMT");
  expect(parseSipDate(formatSipDate(1_000_000_000_000))).toBe(1_000_000_000_000);
  for (const bad of [
    "",
    "Sat, 13 Nov 2010 23:29:00 EST",
    "Sat, 31 Feb 2010 23:29:00 GMT",
    "Sat, 13 Foo 2010 23:29:00 GMT",
    "Sat, 13 Nov 2010 24:29:00 GMT",
    "Sat, 13 Nov 2010 23:60:00 GMT",
    "13 Nov 2010 23:29:00 GMT",
    "Sat, 00 Nov 2010 23:29:00 GMT",
  ]) {
    expect(parseSipDate(bad)).toBeUndefined();
  }
});

test("credentials as linphone sends them: two spaces (phones.md's capture)", () => {
  const value =
    'Digest realm="sip.test", nonce="n0nce", algorithm=MD5, username="romeo",  uri="sip:sip.test", response="d58d", cnonce="jQUi~OO5", nc=00000001, qop=auth';
  const { scheme, parameters } = parseCredentials(value.replace("Digest ", " Digest  "))!;
  expect(scheme).toBe("Digest");
  expect(Object.fromEntries(parameters)).toEqual({
    realm: "sip.test",
    nonce: "n0nce",
    algorithm: "MD5",
    username: "romeo",
    uri: "sip:sip.test",
    response: "d58d",
    cnonce: "jQUi~OO5",
    nc: "00000001",
    qop: "auth",
  });
  expect(formatCredentials({ scheme, parameters })).toBe(value.replace("  uri", " uri"));
});

test("credentials as libpurple sends them: nc in quotes, no qop", () => {
  const { parameters } = parseCredentials('Digest username="a\\"b", nc="00000001", response="x" ,opaque=""')!;
  expect([...parameters]).toEqual([
    ["username", 'a"b'],
    ["nc", "00000001"],
    ["response", "x"],
    ["opaque", ""],
  ]);
});

test("a challenge and back", () => {
  const value =
    'Digest realm="a, b", domain="sip:x sip:y", nonce="1", opaque="", stale=FALSE, algorithm=SHA-256, qop="auth,auth-int"';
  const challenge = parseChallenge(value)!;
  expect(challenge.parameters.get("qop")).toBe("auth,auth-int");
  expect(formatChallenge(challenge)).toBe(value);
});

test.each([
  "",
  "Digest",
  "Digest ",
  "Digest realm",
  'Digest realm="x',
  "Digest realm=x nonce=y",
  "Digest realm=x, realm=y",
  "Digest ,realm=x",
  "Digest realm=x;nonce=y",
])("parseChallenge(%j) is malformed or empty", (value) => {
  expect(parseChallenge(value)?.parameters.size ?? 0).toBe(0);
});

test("media types (§20.15)", () => {
  const html = parseMediaType('Text/HTML; Charset="utf-8";q=1');
  expect([html?.type, html?.subtype]).toEqual(["text", "html"]);
  expect([...(html?.parameters ?? [])]).toEqual([
    ["charset", "utf-8"],
    ["q", "1"],
  ]);
  expect(parseMediaType("application/im-iscomposing+xml")?.subtype).toBe("im-iscomposing+xml");
  expect(parseMediaType("*/*")).toMatchObject({ type: "*", subtype: "*" });
  for (const bad of ["", "text", "text/", "/plain", "text/plain;", "text plain", "text/plain, text/html"]) {
    expect(parseMediaType(bad)).toBeUndefined();
  }
});
