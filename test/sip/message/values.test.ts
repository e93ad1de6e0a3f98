import {
  firstValue,
  formatParameters,
  parseParameterized,
  parseParameters,
  quoteString,
  splitValues,
  unquoteString,
} from "../../../src/sip/message/values";

test.each([
  ["", []],
  ["a", ["a"]],
  ["a, b ,\tc", ["a", "b", "c"]],
  ["a,,b,", ["a", "b"]],
  ['"a, b" <sip:x>, <sip:y,z>;p="1,2", w', ['"a, b" <sip:x>', '<sip:y,z>;p="1,2"', "w"]],
  ['"a\\", b", c', ['"a\\", b"', "c"]],
  ['"never closed, b', ['"never closed, b']],
  ["<never closed, b", ["<never closed, b"]],
  ['<sip:a"b@c>, d', ['<sip:a"b@c>', "d"]],
])("splitValues(%j)", (value, expected) => {
  expect(splitValues(value)).toEqual(expected);
  expect(firstValue(value)).toBe(expected[0] ?? "");
});

test.each([
  ["", []],
  [";lr", [["lr", undefined]]],
  [
    '; Tag = abc ;q="a;b\\"c" ;LR',
    [
      ["tag", "abc"],
      ["q", 'a;b"c'],
      ["lr", undefined],
    ],
  ],
  [
    ";received=2001:db8::1;maddr=[2001:db8::1]",
    [
      ["received", "2001:db8::1"],
      ["maddr", "[2001:db8::1]"],
    ],
  ],
  [
    ";epid=a==;tag=first;tag=second",
    [
      ["epid", "a=="],
      ["tag", "first"],
    ],
  ],
])("parseParameters(%j)", (text, expected) => {
  expect([...parseParameters(text)!]).toEqual(expected);
});

test.each([
  ";",
  ";;a",
  "a",
  ";a;",
  ";a=",
  ";=b",
  ';a="b',
  ";a b",
  ';a="b"c',
  ";a=b,c=d",
  ";a=<b>",
  ";\u00e4=1",
  ";a=\u0001",
])("parseParameters(%j) is malformed", (text) => expect(parseParameters(text)).toBeUndefined());

test("a value with parameters", () => {
  const active = parseParameterized("active ;expires=60");
  expect([active?.value, ...(active?.parameters ?? [])]).toEqual(["active", ["expires", "60"]]);
  expect(parseParameterized("presence")).toEqual({ value: "presence", parameters: new Map() });
  expect(parseParameterized(";expires=60")).toBeUndefined();
  expect(parseParameterized("active;;")).toBeUndefined();
});

test("parameters are quoted where they need it, and come back", () => {
  const parameters = new Map([
    ["lr", undefined],
    ["tag", "a.b-c"],
    ["x", 'a "b" \\c;d,e'],
    ["y", ""],
    ["h", "[::1]"],
  ]);
  const text = formatParameters(parameters);
  expect(text).toBe(';lr;tag=a.b-c;x="a \\"b\\" \\\\c;d,e";y="";h=[::1]');
  expect([...(parseParameters(text) ?? [])]).toEqual([...parameters]);
});

test("quoted strings: quotes and backslashes are escaped, line ends become a space", () => {
  expect(quoteString('a"b\\c')).toBe('"a\\"b\\\\c"');
  expect(quoteString("a\r\nVia: x\u0000")).toBe('"a Via: x "');
  expect(unquoteString('"a\\"b\\\\c\\d"')).toBe('a"b\\cd');
  expect(unquoteString("plain")).toBe("plain");
  expect(unquoteString('"')).toBe('"');
});

test.each([";Tag=a", ";tag=a;tag=b", ";tag=a;x", ";x;tag=a"])(
  "parameters are found however many there are: %s",
  (text) => {
    const parameters = parseParameters(text);
    expect(parameters?.get("tag")).toBe("a");
    expect(parameters?.has("tag")).toBe(true);
    expect(parameters?.has("branch")).toBe(false);
    expect(parameters?.get("branch")).toBeUndefined();
    expect(new Map(parameters ?? []).get("tag")).toBe("a");
  },
);
