import fc from "fast-check";
import { readHeaderBlock } from "../../../src/sip/message/header-block";
import { headerFieldsOfLines, readHeaderFields } from "../../../src/sip/message/header-fields";
import { DEFAULT_LIMITS } from "../../../src/sip/message/limits";

const limits = { ...DEFAULT_LIMITS, maximumHeaders: 5, maximumLineLength: 40 };
const piece = fc.constantFrom(
  ..."Via From To Call-ID CSeq Content-Type Contact Date v f t i From2 from CALL-ID X-Other : :: \r".split(
    " ",
  ),
  ..." \t,\r\n,\n,:,;tag=a,a long value that goes on,z\u007f".split(","),
);

test("lines found in the octets give the same fields as lines sought in the text", () => {
  let compared = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 25 }), fc.nat(3), (pieces, before) => {
      const bytes = Buffer.from(`${"\n".repeat(before)}OPTIONS sip:a SIP/2.0\r\n${pieces.join("")}\r\n\r\n`);
      const { text, lines } = readHeaderBlock(bytes, before, DEFAULT_LIMITS.maximumHeaderBytes);
      if (lines === undefined) return;
      compared += 1;
      expect(headerFieldsOfLines(bytes, text, before, lines, limits)).toEqual(
        readHeaderFields(text, text.indexOf("\n") + 1, limits),
      );
    }),
    { numRuns: 3_000 },
  );
  expect(compared).toBeGreaterThan(500);
});

test.each([
  ["a folded line", "Subject: a\r\n b\r\n\r\n"],
  ["UTF-8", "Subject: ä\r\n\r\n"],
])("with %s the lines are sought in the text", (_name, block) => {
  expect(readHeaderBlock(Buffer.from(block), 0, 1_000).lines).toBeUndefined();
});
