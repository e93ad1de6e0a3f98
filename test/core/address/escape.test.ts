import {
  escapeLocalpart,
  percentDecode,
  percentEncodeGr,
  percentEncodeIm,
  percentEncodeUser,
  unescapeLocalpart,
} from "../../../src/core/address/escape";

test("all ten characters are escaped, in lower-case hex (XEP-0106 §4.2)", () => {
  expect(escapeLocalpart("a \"&'/:<>@\\20")).toEqual({
    ok: true,
    value: "a\\20\\22\\26\\27\\2f\\3a\\3c\\3e\\40\\5c20",
  });
});

test("a backslash is escaped only where it would begin a sequence, in either case of the digits", () => {
  expect(escapeLocalpart("\\2F\\5c\\41\\2p\\")).toEqual({ ok: true, value: "\\5c2F\\5c5c\\41\\2p\\" });
});

test.each([" a", "a ", " ", ""])("%j has no localpart (XEP-0106 §4.2)", (name) => {
  expect(escapeLocalpart(name)).toMatchObject({ ok: false, rejection: { code: "ADDRESS_MALFORMED" } });
});

test("the ten sequences are undone once and nothing else is (XEP-0106 §4.3)", () => {
  expect(unescapeLocalpart("a\\20\\5c26\\41\\2p\\2F\\")).toEqual({ ok: true, value: "a \\26\\41\\2p\\2F\\" });
  expect(unescapeLocalpart("\\20a")).toMatchObject({ ok: false });
  expect(unescapeLocalpart("a\\20")).toMatchObject({ ok: false });
});

test.each([
  "%",
  "%4",
  "%zz",
  "a%",
  "%C3",
  "%C0%80",
  "%ED%A0%80",
  "%F8%88%80%80%80",
  "%00",
  "%0D%0A",
  "%7F",
  "%C2%85",
  "\u0000",
])("%j is refused: malformed, no UTF-8, or a control", (text) => {
  expect(percentDecode(text)).toMatchObject({ ok: false, rejection: { code: "ADDRESS_MALFORMED" } });
});

test("percent-encoding is undone once", () => {
  expect(percentDecode("%2540%c3%BC+ü")).toEqual({ ok: true, value: "%40ü+ü" });
});

const ASCII = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join("");

test("a user part keeps what RFC 3261 §25.1 allows", () => {
  expect(percentEncodeUser(`${ASCII}ü`)).toBe(
    "%20!%22%23$%25&'()*+,-./0123456789%3A;%3C=%3E?%40ABCDEFGHIJKLMNOPQRSTUVWXYZ%5B%5C%5D%5E_%60abcdefghijklmnopqrstuvwxyz%7B%7C%7D~%C3%BC",
  );
});

test("a gr keeps what paramchar of RFC 3261 §25.1 allows", () => {
  expect(percentEncodeGr(`${ASCII}ü`)).toBe(
    "%20!%22%23$%25&'()*+%2C-./0123456789:%3B%3C%3D%3E%3F%40ABCDEFGHIJKLMNOPQRSTUVWXYZ[%5C]%5E_%60abcdefghijklmnopqrstuvwxyz%7B%7C%7D~%C3%BC",
  );
});

test("an im mailbox keeps what RFC 7247 §6.5 step 5 and RFC 3986 leave; the dot stays", () => {
  expect(percentEncodeIm(`${ASCII}ü`)).toBe(
    "%20!%22%23$%25&'%28%29*+%2C-./0123456789%3A%3B%3C=%3E%3F%40ABCDEFGHIJKLMNOPQRSTUVWXYZ%5B%5C%5D%5E_%60abcdefghijklmnopqrstuvwxyz%7B%7C%7D~%C3%BC",
  );
});
