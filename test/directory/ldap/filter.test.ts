import fc from "fast-check";
import { FilterParser } from "ldapts";
import { parseAttribute } from "../../../src/directory/ldap/attributes";
import { addressFilter, escapeFilterValue, FilterTemplate } from "../../../src/directory/ldap/filter";
import type { Question } from "../../../src/directory/source";
import { anyText } from "../../support/any-text";
import { ADDRESSES } from "../../support/directory";

test.each([
  ["*)(uid=*", "\\2a\\29\\28uid=\\2a"],
  ["\0", "\\00"],
  ["a\\2a", "a\\5c2a"],
  ["jürgen", "jürgen"],
  ["&|!<>=~", "&|!<>=~"],
])("%j is %j in a filter (RFC 4515 §3)", (value, escaped) => {
  expect(escapeFilterValue(value)).toBe(escaped);
});

test("whatever stands in a value, the filter is one comparison with just that value", () => {
  const template = new FilterTemplate("(&(objectClass=person)(uid={username}))");
  fc.assert(
    fc.property(anyText(), (username) => {
      const filter = FilterParser.parseString(template.fill({ username }) ?? "");
      expect(filter).toMatchObject({
        filters: [{ attribute: "objectClass" }, { attribute: "uid", value: username }],
      });
      expect((filter as unknown as { filters: unknown[] }).filters).toHaveLength(2);
    }),
  );
});

test("values are not looked through for places again", () => {
  const template = new FilterTemplate("(|(a={user})(b={domain}))");
  expect(template.fill({ user: "{domain}", domain: "$&" })).toBe("(|(a={domain})(b=$&))");
});

test("a place without a value makes no filter", () => {
  expect(new FilterTemplate("(jid={jid})").fill({ user: "romeo" })).toBeUndefined();
});

test.each([
  ["(uid={name})", /there is no \{name\}/],
  ["(uid={user}", /paren/i],
  ["(uid={user}))", /paren/i],
  ["(&(uid={user})", /paren/i],
  ["(uid={user})(cn=x)", /paren/i],
  ["()", /./],
  ["(no equals sign)", /Invalid/],
])("%s is no template", (template, message) => {
  expect(() => new FilterTemplate(template)).toThrow(message);
});

describe("filters made of the attributes", () => {
  const question = (text: string): Extract<Question, { kind: "sip" }> => {
    const sip = ADDRESSES.readSip(text);
    if (sip === undefined) throw new Error(text);
    return { kind: "sip", sip, jid: ADDRESSES.jidOfSip(sip.uri) };
  };
  const sources = (...names: string[]) => names.map((name) => parseAttribute(name)!);

  test("hold an address in each of its forms", () => {
    expect(addressFilter(question("sip:o%27malley@sip.example"), sources("sip"), [])).toBe(
      "(|(sip=o'malley@sip.example)(sip=sip:o'malley@sip.example))",
    );
    expect(addressFilter(question("sip:j%C3%BCrgen@sip.example"), sources("sip"), sources("jid"))).toBe(
      "(|(sip=jürgen@sip.example)(sip=sip:jürgen@sip.example)(sip=sip:j%C3%BCrgen@sip.example)(jid=jürgen@sip.example))",
    );
    expect(addressFilter(question("tel:+39045"), sources("alias"), [])).toContain("(alias=tel:+39045)");
  });

  test("turn a text with an attribute around", () => {
    const romeo = question("sip:Romeo@sip.example");
    expect(addressFilter(romeo, sources("{uid}@SIP.example"), [])).toBe("(uid=Romeo)");
    expect(addressFilter(romeo, sources("sip:{mail}"), [])).toBe("(mail=Romeo@sip.example)");
    expect(addressFilter(romeo, sources("{uid}@other.example"), [])).toBeUndefined();
    expect(addressFilter(romeo, [], [])).toBeUndefined();
  });

  test("let nothing through that is not escaped", () => {
    const hostile = question("sip:*)(uid=*@sip.example");
    expect(addressFilter(hostile, sources("{uid}@sip.example"), [])).toBe("(uid=\\2a\\29\\28uid=\\2a)");
  });
});

test.each([
  ["uid", { attribute: "uid", key: "uid", prefix: "", suffix: "" }],
  [
    "1.2.840.113556.1.4.656",
    { attribute: "1.2.840.113556.1.4.656", key: "1.2.840.113556.1.4.656", prefix: "", suffix: "" },
  ],
  ["sip:{mail}", { attribute: "mail", key: "mail", prefix: "sip:", suffix: "" }],
  ["{UID}@sip.example", { attribute: "UID", key: "uid", prefix: "", suffix: "@sip.example" }],
  ["{a}{b}", undefined],
  ["a b", undefined],
  ["uid)(x=*", undefined],
  ["{}", undefined],
])("%s as the place of a value", (text, source) => {
  expect(parseAttribute(text)).toEqual(source);
});
