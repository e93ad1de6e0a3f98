import type { Entry } from "ldapts";
import { questionOfJid, questionOfSip } from "../../../src/directory/directory";
import { EntryReader } from "../../../src/directory/ldap/entry";
import { EntryValues } from "../../../src/directory/ldap/entry-values";
import type { LdapAttributes } from "../../../src/directory/ldap/options";
import { ADDRESSES, ATTRIBUTES, ldapOptions } from "../../support/directory";

function reader(attributes: Partial<LdapAttributes> = {}) {
  return new EntryReader(ldapOptions([], { attributes: { ...ATTRIBUTES, ...attributes } }), ADDRESSES);
}

const entry = (attributes: Record<string, string | Buffer | (string | Buffer)[]>): EntryValues =>
  new EntryValues({ dn: "uid=romeo", ...attributes } as Entry);
const HASH = "0123456789abcdef0123456789abcdef";

describe("addresses", () => {
  test.each<[string, Record<string, string | string[]>, object | undefined]>([
    [
      "with a scheme or without",
      { sipAddress: "romeo@SIP.example" },
      { sipUri: "sip:romeo@sip.example", jid: "romeo@sip.example" },
    ],
    [
      "a JID of his own",
      { sipAddress: "sip:romeo@sip.example", jid: "Romeo@xmpp.example" },
      { jid: "romeo@xmpp.example" },
    ],
    [
      "a JID alone",
      { jid: "juliet@xmpp.example" },
      { sipUri: "sip:juliet@xmpp.example", jid: "juliet@xmpp.example" },
    ],
    [
      "a name that a URI must encode",
      { sipAddress: "jürgen@sip.example" },
      { sipUri: "sip:j%C3%BCrgen@sip.example" },
    ],
    [
      "several in no order: the same every time",
      { sipAddress: ["sip:z@sip.example", "sip:a@sip.example"] },
      { sipUri: "sip:a@sip.example" },
    ],
    [
      "another kind of address beside it",
      { sipAddress: ["smtp:x@sip.example", "sip:a@sip.example"] },
      { sipUri: "sip:a@sip.example" },
    ],
    ["none", { cn: "Romeo" }, undefined],
    [
      "of a domain that no rule serves, without a JID",
      { sipAddress: "sip:romeo@elsewhere.example" },
      undefined,
    ],
    ["no address at all", { sipAddress: "not an address", jid: "@" }, undefined],
    ["longer than any", { sipAddress: `${"x".repeat(2_000)}@sip.example` }, undefined],
  ])("%s", (_, attributes, person) => {
    const read = reader().person(entry(attributes));
    if (person === undefined) expect(read).toBeUndefined();
    else expect(read).toMatchObject(person);
  });

  test("of a text around an attribute", () => {
    const person = reader({ sip: "{uid}@sip.example" }).person(entry({ uid: "romeo" }));
    expect(person).toMatchObject({ sipUri: "sip:romeo@sip.example", jid: "romeo@sip.example" });
  });
});

describe("is it he who was asked for", () => {
  const isMeant = (values: EntryValues, text: string): boolean => {
    const question = text.startsWith("sip:")
      ? questionOfSip(text, ADDRESSES)
      : questionOfJid(text, ADDRESSES);
    return question !== undefined && reader({ jidAliases: "jidAlias" }).isMeant(values, question);
  };

  test.each<[string, boolean]>([
    ["sip:romeo@sip.example", true],
    ["sip:R@sip.example;lr", true],
    ["sip:+39045@sip.example", true],
    ["sip:montague@xmpp.example", true],
    ["sip:mont@xmpp.example", true],
    ["montague@xmpp.example", true],
    ["mont@xmpp.example", true],
    ["romeo@sip.example", true],
    ["sip:juliet@sip.example", false],
    ["sip:romeo@xmpp.example", false],
    ["romeo@xmpp.example", false],
    ["sip:%EF%BD%92omeo@sip.example", false],
    ["sip:%EF%BD%8Dontague@xmpp.example", false],
  ])("%s: %s", (text, expected) => {
    const values = entry({
      sipAddress: "sip:romeo@sip.example",
      sipAlias: ["R@sip.example", "tel:+39-045"],
      jid: "Montague@xmpp.example",
      jidAlias: "mont@xmpp.example",
    });
    expect(isMeant(values, text)).toBe(expected);
  });
});

describe("usernames", () => {
  const asked = (username: string) => ({ kind: "username", username, realm: "sip.example" }) as const;
  const romeo = entry({
    uid: ["romeo", "rm"],
    mail: "romeo@mail.example",
    sipAddress: "sip:o%27m@sip.example",
  });

  test("are those of the attribute, to the letter", () => {
    const names = ["romeo", "rm", "Romeo", "romeo ", "romeo@mail.example", ""];
    expect(names.filter((name) => reader().isMeant(romeo, asked(name)))).toEqual(["romeo", "rm"]);
  });

  test("may stand elsewhere where the filter looks elsewhere", () => {
    const filters = { person: "(objectClass=person)", username: "(|(uid={username})(mail={username}))" };
    const other = new EntryReader(ldapOptions([], { filters }), ADDRESSES);
    const names = ["romeo", "romeo@mail.example", "o'm", "ROMEO", "nobody"];
    expect(names.filter((name) => other.isMeant(romeo, asked(name)))).toEqual([
      "romeo",
      "romeo@mail.example",
      "o'm",
    ]);
  });
});

describe("attributes asked for", () => {
  const CARD = ["displayName", "givenName", "sn", "mail"];

  test("whoever signs in: his username, addresses, leave and digests, and nothing of his card", () => {
    const asked = reader().attributesFor("sign-in");
    expect(asked).toEqual(expect.arrayContaining(["uid", "sipAddress", "jid", "sipDigestMd5"]));
    expect(asked.filter((name) => CARD.includes(name))).toEqual([]);
    expect(reader().attributesFor("username")).toEqual(expect.arrayContaining([...asked, ...CARD]));
    expect(reader().attributesFor("sip")).not.toContain("sipDigestMd5");
  });

  test("where the operator's own filter says who is meant: all, since the name may stand in any", () => {
    const filters = { person: "(objectClass=person)", username: "(|(uid={username})(mail={username}))" };
    const other = new EntryReader(ldapOptions([], { filters }), ADDRESSES);
    expect(other.attributesFor("sign-in")).toEqual(other.attributesFor("username"));
  });
});

describe("may he use the service", () => {
  const isAllowed = (allowed: LdapAttributes["allowed"], attributes: Record<string, string | string[]>) => {
    const { allowed: _, ...others } = ATTRIBUTES;
    const options = ldapOptions([], {
      attributes: { ...others, ...(allowed === undefined ? {} : { allowed }) },
    });
    const read = new EntryReader(options, ADDRESSES).person(
      entry({ sipAddress: "sip:romeo@sip.example", ...attributes }),
    );
    return read?.isAllowed;
  };
  const group = { attribute: "memberOf", value: "cn=phones,dc=example" };

  test("everybody where nothing says", () => expect(isAllowed(undefined, {})).toBe(true));
  test("whoever has the value", () => {
    expect(isAllowed(group, { memberof: ["cn=a,dc=example", "CN=Phones,DC=example"] })).toBe(true);
    expect(isAllowed(group, { memberof: "cn=a,dc=example" })).toBe(false);
    expect(isAllowed(group, {})).toBe(false);
  });
});

describe("digests", () => {
  test("lose the prefix, and come in lower case", () => {
    const digests = reader({ digestPrefix: "{username}:{realm}:" }).digests(
      entry({
        sipDigestMd5: `romeo:sip.example:${HASH.toUpperCase()}`,
        sipDigestSha512: `romeo:sip.example:${HASH}${HASH}`,
      }),
      "romeo",
    );
    expect(digests).toEqual({ MD5: HASH, "SHA-512-256": HASH + HASH });
  });

  test.each<[string, string | string[]]>([
    ["without its prefix", HASH],
    ["of another realm", `other.example:${HASH}`],
    ["of another length", `sip.example:${HASH}00`],
    ["that is no hex", `sip.example:${"x".repeat(32)}`],
    ["and another one", [`sip.example:${HASH}`, `sip.example:${"0".repeat(32)}`]],
    ["that is empty", ""],
  ])("%s is none", (_, sipDigestMd5) => {
    expect(reader().digests(entry({ sipDigestMd5 }), "romeo")).toEqual({});
  });

  test("for several realms in one attribute: ours", () => {
    const sipDigestMd5 = [`other.example:${"0".repeat(32)}`, `sip.example:${HASH}`];
    expect(reader().digests(entry({ sipDigestMd5 }), "romeo")).toEqual({ MD5: HASH });
  });
});

describe("card", () => {
  const cardOf = (attributes: Record<string, string | Buffer>) =>
    reader().person(entry({ sipAddress: "sip:romeo@sip.example", ...attributes }))?.card;

  test("holds what is there", () => {
    expect(cardOf({ givenName: "Romeo", SN: "Montague", mail: "r@mail.example" })).toEqual({
      givenName: "Romeo",
      familyName: "Montague",
      email: "r@mail.example",
    });
    expect(cardOf({})).toBeUndefined();
  });

  test.each<[string, Buffer, string | undefined]>([
    ["JPEG", Buffer.from("ffd8ffe0", "hex"), "image/jpeg"],
    ["PNG", Buffer.from("89504e470d0a1a0a00", "hex"), "image/png"],
    ["GIF", Buffer.from("GIF89a"), "image/gif"],
    ["SVG", Buffer.from("<svg onload='x'>"), undefined],
    ["too large", Buffer.concat([Buffer.from("ffd8ff", "hex"), Buffer.alloc(64 * 1024)]), undefined],
  ])("and a photo by its first octets: %s", (_, octets, type) => {
    expect(cardOf({ jpegPhoto: octets })?.photo?.type).toBe(type);
  });
});
