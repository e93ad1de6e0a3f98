/** RFC 5922 §7.1 and §7.2. */

import { identityMatches, sipIdentities } from "../../../src/sip/transport/identity";

describe("which identities a certificate has (§7.1)", () => {
  test.each<[string, string, readonly string[]]>([
    ["a sip URI without a user", "URI:sip:Example.COM", ["example.com"]],
    [
      "the scheme in any case, with port and parameters",
      "URI:SIP:example.com:5061;transport=tls",
      ["example.com"],
    ],
    ["a URI with a user is a person, not a domain", "URI:sip:romeo@example.com", []],
    ["other schemes do not count", "URI:sips:example.com, URI:https://example.com", []],
    [
      "DNS names where there is no sip URI",
      "DNS:one.example, DNS:TWO.example.",
      ["one.example", "two.example"],
    ],
    ["DNS names do not count beside a sip URI", "DNS:host.example, URI:sip:example.com", ["example.com"]],
    [
      "DNS names count beside a URI that is no identity",
      "DNS:one.example, URI:sip:romeo@example.com",
      ["one.example"],
    ],
    [
      "an address, for peers configured by address",
      "IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1",
      ["192.0.2.1", "2001:db8::1"],
    ],
    ["each only once", "URI:sip:a.example, URI:sip:A.example", ["a.example"]],
    ["a name that Node quotes, because it holds another", 'DNS:"good.example\\u002c DNS:evil.example"', []],
    ["a comma in quotes splits nothing", 'URI:"sip:x, DNS:evil.example", DNS:one.example', ["one.example"]],
    ["a URI that hides a host", "URI:sip:a.example?x@evil.example, URI:sip:@evil.example, URI:sip:", []],
    ["other kinds", "email:a@b.example, DirName:CN=one.example, othername:<unsupported>", []],
  ])("%s", (_what, subjectaltname, identities) => {
    expect(sipIdentities({ subjectaltname })).toEqual(identities);
  });

  test("the CN counts only where there is no subjectAltName at all", () => {
    const subject = { CN: "Example.com" };
    expect(sipIdentities({ subject })).toEqual(["example.com"]);
    expect(sipIdentities({ subject, subjectaltname: "email:a@b.example" })).toEqual([]);
    expect(sipIdentities({ subject: { CN: "Some Company Ltd" } })).toEqual([]);
    expect(sipIdentities({ subject: { CN: ["a.example", "b.example"] } })).toEqual([]);
    expect(sipIdentities({})).toEqual([]);
  });

  test("a huge hostile name is read to its end and stands for nothing", () => {
    const subjectaltname = `URI:sip:${"a@".repeat(100_000)}, DNS:"${'\\"'.repeat(100_000)}"`;
    expect(sipIdentities({ subjectaltname })).toEqual([]);
    expect(sipIdentities({ subject: { CN: `${"a-".repeat(100_000)}.` } })).toEqual([]);
  });
});

describe("comparing (§7.2)", () => {
  test.each<[string, boolean]>([
    ["example.com", true],
    ["EXAMPLE.com", true],
    ["example.com.", true],
    ["foo.example.com", false],
    ["com", false],
    ["foo.wild.example", false],
    ["*.wild.example", true],
    ["[2001:db8::1]", true],
    ["2001:DB8:0::1", true],
    ["192.0.2.1", false],
  ])("%s: %s", (name, matches) => {
    expect(identityMatches(["example.com", "*.wild.example", "2001:db8::1"], name)).toBe(matches);
  });
});
