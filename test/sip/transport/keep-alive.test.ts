/** Datagrams that are no messages. RFC 5626 §3.5.1 and what phones really send. */

import { isKeepAliveDatagram } from "../../../src/sip/transport/keep-alive";

test.each(["", "\r\n", "\r\n\r\n", "\0", "\0\0\0\0", "\n"])("%j is a keep-alive", (text) => {
  expect(isKeepAliveDatagram(Buffer.from(text))).toBe(true);
});

test.each(["\r\nMESSAGE sip:a@b SIP/2.0", "x", " ", "\r\n".repeat(9)])("%j goes to the parser", (text) => {
  expect(isKeepAliveDatagram(Buffer.from(text))).toBe(false);
});
