import fc from "fast-check";
import { decodeBase64, encodeBase64Url } from "../../../src/core/message/base64";
import { octets } from "./fixtures";

test("octets come back from base64url, and are what the platform makes of them (RFC 4648 §5)", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(encodeBase64Url(bytes)).toBe(Buffer.from(bytes).toString("base64url"));
      expect([...decodeBase64(octets(encodeBase64Url(bytes)))!]).toEqual([...bytes]);
      expect([...decodeBase64(octets(Buffer.from(bytes).toString("base64")))!]).toEqual([...bytes]);
    }),
  );
});

test("line ends and blanks are skipped (RFC 2045 §6.8)", () => {
  expect(Buffer.from(decodeBase64(octets("aGV\r\nsbG 8="))!).toString()).toBe("hello");
});

test.each(["a", "aGVsb", "aG*s", "aA==aA==", "é"])("%s is none", (text) => {
  expect(decodeBase64(octets(text))).toBeUndefined();
});
