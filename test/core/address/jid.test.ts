import { bareJid, formatJid, parseJid, sameJid } from "../../../src/core/address/jid";

test.each([
  ["juliet@example.com", "juliet@example.com"],
  ["juliet@example.com/foo", "juliet@example.com/foo"],
  ["juliet@example.com/foo bar", "juliet@example.com/foo bar"],
  ["juliet@example.com/foo@bar", "juliet@example.com/foo@bar"],
  ["foo\\20bar@example.com", "foo\\20bar@example.com"],
  ["fußball@example.com", "fußball@example.com"],
  ["π@example.com", "π@example.com"],
  ["Σ@example.com/foo", "σ@example.com/foo"],
  ["ς@example.com/foo", "ς@example.com/foo"],
  ["king@example.com/♚", "king@example.com/♚"],
  ["example.com", "example.com"],
  ["example.com/foobar", "example.com/foobar"],
  ["a.example.com/b@example.net", "a.example.com/b@example.net"],
])("%s is a JID (RFC 7622 §3.5, Table 1)", (text, canonical) => {
  expect(read(text)).toBe(canonical);
});

test.each([
  '"juliet"@example.com',
  "foo bar@example.com",
  "juliet@example.com/ foo",
  "@example.com/",
  "henryⅣ@example.com",
  "♚@example.com",
  "juliet@",
  "/foobar",
])("%s is no JID (RFC 7622 §3.5, Table 2)", (text) => {
  expect(read(text)).toBe("ADDRESS_MALFORMED");
});

test.each([
  ["width, case and NFC of a localpart (RFC 8265 §3.3)", "ＪＵ\u0308liet@h", "jülıet@h".replace("ı", "i")],
  ["a name is lower case even at its end (no final sigma)", "ΟΔΟΣ@h", "οδοσ@h"],
  ["an A-label becomes a U-label (RFC 7622 §3.2.1)", "a@XN--MNCHEN-3YA.de", "a@münchen.de"],
  ["a domain's final dot goes (RFC 7622 §3.2)", "a@example.com./r", "a@example.com/r"],
  ["the ideographic full stop is a dot", "a@日本。jp", "a@日本.jp"],
  ["IPv6 in its one spelling (RFC 5952)", "a@[2001:DB8:0:0::1]", "a@[2001:db8::1]"],
  ["IPv4", "a@192.0.2.1", "a@192.0.2.1"],
  ["other spaces in a resource become SPACE (RFC 8265 §4.2)", "a@h/x\u00a0y", "a@h/x y"],
  ["case and width of a resource stay", "a@h/ＡBc", "a@h/ＡBc"],
  ["a middle dot between two l (RFC 5892 §A.3)", "col·lega@h", "col·lega@h"],
  ["a joiner after a virama (RFC 5892 §A.2)", "क्‍ष@h", "क्‍ष@h"],
  ["a right-to-left name (RFC 5893 §2)", "שלום@h", "שלום@h"],
])("%s", (_, text, canonical) => {
  expect(read(text)).toBe(canonical);
});

test.each([
  ["emoji is a symbol, not in the IdentifierClass", "a😀@h"],
  ["a joiner elsewhere", "a\u200db@h"],
  ["a middle dot elsewhere", "a·b@h"],
  ["two directions in one name", "שa@h"],
  ["two kinds of Arabic digits", "س١۲@h"],
  ["two legal characters that NFC joins to a symbol", "a=\u0338@h"],
  ["a soft hyphen", "a\u00adb@h"],
  ["a control", "a\u0001@h"],
  ["half of a surrogate pair in a name", "a\ud800@h"],
  ["half of a surrogate pair in a resource", "a@h/\udc00"],
  ["a line break in a resource", "a@h/x\r\nTo: y"],
  ["a non-character in a resource", "a@h/\uffff"],
  ["two @", "a@b@c"],
  ["an empty label", "a@b..c"],
  ["two final dots", "a@b.."],
  ["a label that begins with a hyphen", "a@-b"],
  ["a space in a domain", "a@b c"],
  ["an open bracket", "a@[::1"],
  ["a zone", "a@[fe80::1%25eth0]"],
  ["nine groups", "a@[1:2:3:4:5:6:7:8:9]"],
  ["two gaps", "a@[1::2::3]"],
  ["punycode that is none", "a@xn--\u0301"],
  ["an A-label of plain ASCII", "a@xn--abc-"],
  ["nothing", ""],
])("refused: %s", (_, text) => {
  expect(read(text)).toBe("ADDRESS_MALFORMED");
});

test("each part has at most 1023 octets of UTF-8 (RFC 7622 §3.1)", () => {
  expect(read(`${"a".repeat(1023)}@h/${"b".repeat(1023)}`)).toHaveLength(2049);
  expect(read(`${"a".repeat(1024)}@h`)).toBe("ADDRESS_TOO_LONG");
  expect(read(`${"ü".repeat(511)}a@h`)).toHaveLength(514);
  expect(read(`${"ü".repeat(512)}@h`)).toBe("ADDRESS_TOO_LONG");
  expect(read(`a@h/${"日".repeat(341)}`)).toHaveLength(345);
  expect(read(`a@h/${"日".repeat(342)}`)).toBe("ADDRESS_TOO_LONG");
  expect(read(`a@h/${"😀".repeat(256)}`)).toBe("ADDRESS_TOO_LONG");
  expect(read(`a@${"b".repeat(64)}.example`)).toBe("ADDRESS_TOO_LONG");
  expect(read(`a@${"b.".repeat(127)}c`)).toBe("ADDRESS_TOO_LONG");
});

test("a long text that fails at its end fails at once: the classes are linear", () => {
  for (const end of ["Ⅳ", "\u200d", "\ud800"]) {
    expect(read(`${"aü".repeat(340)}${end}@h`)).toBe("ADDRESS_MALFORMED");
    expect(read(`a@h/${"aü ".repeat(250)}${end === "Ⅳ" ? "\u0000" : end}`)).toBe("ADDRESS_MALFORMED");
    expect(read(`a@${"b-".repeat(127)}`)).toBe("ADDRESS_MALFORMED");
  }
});

test("bareJid and sameJid", () => {
  const [full, same, other] = ["Romeo@H/r", "romeo@h/r", "romeo@h/R"].map((text) => {
    const jid = parseJid(text);
    if (!jid.ok) throw new Error(text);
    return jid.value;
  });
  expect(bareJid(full!)).toBe("romeo@h");
  expect(sameJid(full!, same!)).toBe(true);
  expect(sameJid(full!, other!)).toBe(false);
});

function read(text: string): string {
  const jid = parseJid(text);
  return jid.ok ? formatJid(jid.value) : jid.rejection.code;
}
