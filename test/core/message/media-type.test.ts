import { parseMediaType } from "../../../src/core/message/media-type";
import { mimeHeaders, splitMultipart } from "../../../src/core/message/mime";
import { octets, text } from "./fixtures";

describe("Content-Type (RFC 3261 §25.1)", () => {
  test.each([
    ["text/plain", "text/plain", {}],
    ["TEXT/Plain;charset=utf-8", "text/plain", { charset: "utf-8" }],
    ['text / plain ; Charset = "UTF-8" ;', "text/plain", { charset: "UTF-8" }],
    ['a/b;x="a\\"b;c";y=1;x=2', "a/b", { x: 'a"b;c', y: "1" }],
    ["multipart/mixed;boundary=----=_Part(1)", "multipart/mixed", { boundary: "----=_Part(1)" }],
    ["render;handling=optional", "render", { handling: "optional" }],
  ])("%s", (value, type, parameters) => {
    const parsed = parseMediaType(value);
    expect(parsed?.type).toBe(type);
    expect(Object.fromEntries(parsed!.parameters)).toEqual(parameters);
  });

  test.each([
    "",
    "/",
    "text/",
    "text/plain/x",
    "text/pl@in",
    'a/b;x="',
    "a/b;x",
    "a/b;=1",
    "a/b x=1",
    "a/b\r\n;x=1",
  ])("%j is none", (value) => expect(parseMediaType(value)).toBeUndefined());
});

describe("MIME headers (RFC 5322 §2.2)", () => {
  test("names without case, folded lines, the first of a name", () => {
    expect(mimeHeaders(["A: 1", " 2", "\t3", "a: other", " folded", "B:"])).toEqual(
      new Map([
        ["a", "1 2 3"],
        ["a:1", "other folded"],
        ["b", ""],
      ]),
    );
  });

  test.each([[[" folded"]], [["no colon"]], [[": x"]], [["a b: c"]]])("%j are none", (lines) => {
    expect(mimeHeaders(lines)).toBeUndefined();
  });
});

describe("multipart (RFC 2046 §5.1.1)", () => {
  const bodies = (source: string, boundary = "b") =>
    splitMultipart(octets(source), boundary)?.map(({ body }) => text(body));

  test.each([
    ["--b\r\n\r\nx\r\n--b--", ["x"]],
    ["--b\n\nx\n--b--", ["x"]],
    ["before\r\n--b \r\n\r\nx\r\n\r\n--b\r\n\r\n\r\n--b--\r\nafter", ["x\r\n", ""]],
    ["--b\r\n\r\n--bb\r\n--b-\r\n--b--", ["--bb\r\n--b-"]],
    ["--b\r\n--b--", [""]],
  ])("%j", (source, expected) => expect(bodies(source)).toEqual(expected));

  test.each(["", "--b--", "--b\r\n\r\nx", "--b\r\nx\r\n--b--", " --b\r\n\r\nx\r\n--b--"])(
    "%j is none",
    (source) => {
      expect(bodies(source)).toBeUndefined();
    },
  );

  test("a boundary is what RFC 2046 says", () => {
    expect(bodies("--\r\n\r\nx\r\n----", "")).toBeUndefined();
    expect(bodies(`--${"b".repeat(71)}\r\n\r\nx`, "b".repeat(71))).toBeUndefined();
  });

  test("more than 64 parts are refused", () => {
    expect(bodies(`${"--b\n\nx\n".repeat(64)}--b--`)).toHaveLength(64);
    expect(bodies(`${"--b\n\nx\n".repeat(65)}--b--`)).toBeUndefined();
  });
});
