import fc from "fast-check";
import { parseAddress, parseCpim, writeCpim } from "../../../src/core/message/cpim";
import { escapeValue, unescapeValue } from "../../../src/core/message/cpim-header";
import { anyText } from "../../support/any-text";
import { crlf, octets, text } from "./fixtures";

const HEAD = "From: MR SANDERS <im:piglet@100akerwood.com>\nTo: Depressed Donkey <im:eeyore@100akerwood.com>";
const CONTENT = "\n\nContent-Type: text/plain; charset=utf-8\n\nhi";

function read(source: string) {
  const parsed = parseCpim(octets(crlf(source)));
  if (!parsed.ok) throw new Error(`${parsed.rejection.code}: ${parsed.rejection.detail}`);
  return parsed.value;
}

function refused(source: string): string {
  const parsed = parseCpim(octets(crlf(source)));
  return parsed.ok ? "read" : parsed.rejection.code;
}

test("headers of RFC 3862 §4", () => {
  const message = read(
    `${HEAD}\ncc: <im:pooh@100akerwood.com>\nDateTime: 2000-12-13T13:40:00-08:00\nSubject: the weather\nSubject:;lang=fr beau temps\nx-other: y${CONTENT}`,
  );
  expect(message).toMatchObject({
    from: { name: "MR SANDERS", uri: "im:piglet@100akerwood.com" },
    to: [{ name: "Depressed Donkey", uri: "im:eeyore@100akerwood.com" }],
    cc: [{ uri: "im:pooh@100akerwood.com" }],
    dateTime: "2000-12-13T13:40:00-08:00",
    subjects: [{ text: "the weather" }, { language: "fr", text: "beau temps" }],
  });
  expect(message.imdn).toBeUndefined();
  expect(text(message.content.body)).toBe("hi");
});

test("names of headers are case-sensitive (§2.2), those of MIME are not", () => {
  const message = read(`${HEAD}\nsubject: no${CONTENT.replace("Content-Type", "CONTENT-TYPE")}`);
  expect(message.subjects).toEqual([]);
  expect(message.content.headers.get("content-type")).toBe("text/plain; charset=utf-8");
});

test("bare LF, a missing From, a missing blank after the colon and folded MIME headers are put up with", () => {
  const parsed = parseCpim(octets("To:<im:a@b>\n\nContent-Type: text/plain;\n charset=utf-8\n\nhi"));
  expect(parsed.ok && parsed.value.content.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  expect(parsed.ok && parsed.value.from).toBeUndefined();
});

test("the layout of RFC 7702 and RFC 5438, without the blank line", () => {
  const message = read(`${HEAD}\nContent-type: text/plain\nContent-length: 12\n\nHello World\n\nand more`);
  expect(text(message.content.body)).toBe("Hello World\r\n\r\nand more");
});

test("content may hold anything, blank lines and NULs too", () => {
  expect(text(read(`${HEAD}\n\nContent-Type: text/plain\n\n\n\n\0x\n\n`).content.body)).toBe(
    "\r\n\r\n\0x\r\n\r\n",
  );
});

test.each([
  ["no content", HEAD],
  ["no Content-Type", `${HEAD}\n\nhi`],
  ["an empty header block of the content", `${HEAD}\n\n\nhi`],
  ["a line without a colon", `${HEAD}\nnonsense${CONTENT}`],
  ["a folded line", `${HEAD}\nSubject: a\n b${CONTENT}`],
  ["a control character", `${HEAD}\nSubject: a\u0000b${CONTENT}`],
  ["two senders", `${HEAD}\nFrom: <im:x@y>${CONTENT}`],
  ["a From that is no address", `From: <>${CONTENT}`],
  ["a To with something behind", `To: <im:a@b> x${CONTENT}`],
  ["an NS without URI", `NS: imdn${CONTENT}`],
  ["too many headers", `${"X: y\n".repeat(65)}To: <im:a@b>${CONTENT}`],
  ["too long headers", `Subject: ${"x".repeat(20_000)}${CONTENT}`],
])("%s is malformed", (_name, source) => {
  expect(refused(source)).toBe("CPIM_MALFORMED");
});

test("headers that are not UTF-8 are malformed", () => {
  const parsed = parseCpim(
    Buffer.concat([Buffer.from("Subject: "), Buffer.from([0xff]), Buffer.from(crlf(CONTENT))]),
  );
  expect(parsed.ok).toBe(false);
});

describe("namespaces (§3.4)", () => {
  test("a prefix means what NS says, whatever it is called", () => {
    const { imdn } = read(`NS: a <urn:ietf:params:imdn>\na.Message-ID: m\nimdn.Message-ID: no${CONTENT}`);
    expect(imdn).toEqual({ messageId: "m", dispositions: [], recordRoutes: [] });
  });

  test("a default namespace holds for what follows", () => {
    const { imdn, subjects } = read(
      `Subject: s\nNS: <urn:ietf:params:imdn>\nMessage-ID: m\nSubject: not this${CONTENT}`,
    );
    expect([imdn?.messageId, subjects]).toEqual(["m", [{ text: "s" }]]);
  });

  test("a prefix counts from its declaration on", () => {
    expect(read(`imdn.Message-ID: m\nNS: imdn <urn:ietf:params:imdn>${CONTENT}`).imdn).toBeUndefined();
  });

  test("what is required must be understood, under any prefix (§3.5)", () => {
    expect(refused(`NS: i <urn:ietf:params:imdn>\nRequire: Subject, i.Message-ID${CONTENT}`)).toBe("read");
    expect(refused(`Require: i.Message-ID${CONTENT}`)).toBe("CPIM_REQUIRE");
    expect(refused(`Require: subject${CONTENT}`)).toBe("CPIM_REQUIRE");
    expect(refused(`Require: ${CONTENT}`)).toBe("CPIM_REQUIRE");
  });
});

describe("addresses (§4.1)", () => {
  test.each([
    ["<im:a@b>", { uri: "im:a@b" }],
    ['"A \\"B\\" <C>" <im:a@b>', { name: 'A "B" <C>', uri: "im:a@b" }],
    ["A B <im:a@b>", { name: "A B", uri: "im:a@b" }],
    ["im:a@b", { uri: "im:a@b" }],
    ["<sip:a@[::1]:5060;gr=x?h=y>", { uri: "sip:a@[::1]:5060;gr=x?h=y" }],
  ])("%s", (value, expected) => expect(parseAddress(value)).toEqual(expected));

  test.each(["", "<", "<>", "a@b", "<a@b>", '"x <im:a@b>', "<im:a b>", "<im:a\\nb>", "A <im:a@b> <im:c@d>"])(
    "%s is none",
    (value) => expect(parseAddress(value)).toBeUndefined(),
  );
});

describe("escapes (§2.3)", () => {
  test.each([
    ["a\nb\t\r\b\\", "a\\nb\\t\\r\\b\\\\"],
    ["\u0000\u001f\u007f", "\\u0000\\u001f\\u007f"],
    ["é\"'🎭", "é\"'🎭"],
  ])("%j is written %s", (characters, escaped) => expect(escapeValue(characters)).toBe(escaped));

  test.each([
    ["\\\"\\'", "\"'"],
    ["\\x\\", "x"],
    ["\\u00e9\\u12", "éu12"],
    ["\\ud83c\\udfad", "🎭"],
  ])("%s is read as %j", (escaped, characters) => expect(unescapeValue(escaped)).toBe(characters));

  test("every text comes back", () => {
    fc.assert(
      fc.property(anyText(), (value) => {
        const escaped = escapeValue(value);
        expect(escaped).not.toMatch(/[\u0000-\u001f\u007f]/);
        expect(unescapeValue(escaped)).toBe(value);
      }),
    );
  });
});

test("what is written is read back", () => {
  const subjects = fc
    .string({ unit: "grapheme", minLength: 1 })
    .map((value) => value.trim())
    .filter((value) => value !== "");
  fc.assert(
    fc.property(subjects, fc.uint8Array(), (subject, content) => {
      const written = writeCpim({
        fromUri: "im:a@b",
        toUri: "im:c@d",
        dateTime: "2026-01-02T03:04:05Z",
        subjects: [{ text: subject }, { language: "cs", text: subject }],
        imdn: { messageId: "m", dispositions: ["display"], routes: ["<sip:r>"] },
        contentHeaders: [["Content-Type", "application/octet-stream"]],
        content,
      });
      const parsed = parseCpim(written);
      expect(parsed.ok && parsed.value).toMatchObject({
        from: { uri: "im:a@b" },
        subjects: [{ text: subject }, { language: "cs", text: subject }],
        imdn: { messageId: "m", dispositions: ["display"] },
      });
      expect(parsed.ok && [...parsed.value.content.body]).toEqual([...content]);
    }),
  );
});
