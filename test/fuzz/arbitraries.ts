/** Names, resources and domains for property tests: what people have, and what attackers try. */

import * as fc from "fast-check";
import { anyText } from "../support/any-text";

const pieces = [
  ...["\\20", "\\22", "\\26", "\\27", "\\2f", "\\3a", "\\3c", "\\3e", "\\40", "\\5c"],
  ...[
    "\\2F",
    "\\5C",
    "\\5c5c",
    "\\41",
    "\\2",
    "\\",
    "%",
    "%41",
    "%25",
    " ",
    '"',
    "&",
    "'",
    "/",
    ":",
    "<",
    ">",
    "@",
  ],
  ...[
    "#",
    "*",
    "=",
    ";",
    "?",
    ",",
    "+",
    "$",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "|",
    "^",
    "`",
    "~",
    "!",
    ".",
    "-",
    "_",
  ],
  ...[
    "ü",
    "U\u0308",
    "ß",
    "ẞ",
    "Σ",
    "ς",
    "σ",
    "İ",
    "ǅ",
    "ﬁ",
    "Ω",
    "\u212b",
    "＼",
    "＆",
    "２６",
    "Ａ",
    "ｱ",
    "\u3000",
  ],
  ...[
    "日本",
    "한국",
    "한",
    "ㄱ",
    "שלום",
    "سلام",
    "١",
    "۲",
    "l·l",
    "·",
    "・",
    "क्‍ष",
    "\u200d",
    "\u0338",
    "\u0301",
  ],
  ...[
    "😀",
    "❤\ufe0f",
    "♚",
    "Ⅳ",
    "\u00ad",
    "\u0000",
    "\n",
    "\u007f",
    "\ufffe",
    "\ud800",
    "\u{10ffff}",
    "\u0387",
  ],
];

/** A user part or localpart before any encoding; many are legal, many are not. */
export const names = fc
  .array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom(..."abcxyzABC0123456789") }),
      },
      { weight: 4, arbitrary: fc.constantFrom(...pieces) },
      { weight: 1, arbitrary: anyText({ maxLength: 3 }) },
      { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 3 }) },
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((parts) => parts.join(""));

/** Letters of many scripts and all the special characters: nearly always a legal name. */
export const likelyNames = fc
  .array(
    fc.constantFrom(
      ..."abcz09AZ",
      ..."!#$%()*+,-.;=?[]^_`{|}~\"&'/:<>@",
      "\\",
      " ",
      ...[
        "\\20",
        "\\26",
        "\\27",
        "\\2f",
        "\\3a",
        "\\3c",
        "\\3e",
        "\\40",
        "\\5c",
        "\\22",
        "\\41",
        "\\2p",
        "2",
        "5c",
      ],
      ...["ü", "é", "ß", "ж", "Ж", "日", "本", "한", "ก", "Ａ", "э"],
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((parts) => `a${parts.join("")}z`);

export const resources = fc
  .array(
    fc.oneof(
      fc.constantFrom(...pieces, "ward 7", "urn:uuid:1-2", "/", ";gr=x", "?a=b", ">", "😀"),
      fc.string({ maxLength: 4 }),
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((parts) => parts.join(""));

/** As SIP writes them. */
export const hosts = fc.constantFrom(
  "example.com",
  "sip.example",
  "a-b.c_d.example",
  "xn--mnchen-3ya.de",
  "xn--fa-hia.de",
  "xn--wgv71a119e.jp",
  "xn--4dbrk0ce",
  "192.0.2.1",
  "[2001:db8::1]",
  "[::]",
);
