import type { SipRequest } from "../../../src/sip/message/message";
import { parseNameAddr } from "../../../src/sip/message/name-addr";
import { parseMessage } from "../../../src/sip/message/parse";
import { parseVia } from "../../../src/sip/message/via";
import { createIdentify, type RequestIdentity } from "../../../src/sip/transaction/request-identity";
import { type RequestParts, requestText } from "../../support/sip-side";

const identify = createIdentify();

function identityOf(parts: RequestParts = {}): RequestIdentity {
  const request = parseMessage(Buffer.from(requestText(parts))) as SipRequest;
  const from = parseNameAddr(request.headers.get("From") ?? "")!;
  const via = parseVia(request.headers.get("Via") ?? "")!;
  return identify(request, via, { uri: from.uri, tag: from.parameters.get("tag") });
}

test("a retransmission has the same identity, in any life of the gateway", () => {
  expect(identityOf()).toEqual(identityOf());
  // Pinned: a stanza id is made of it, so that it must not change from one release to the next.
  expect(identityOf().transaction).toBe(createIdentifyAgain());
  expect(identityOf().transaction).toMatch(/^[A-Za-z0-9_-]{22}$/);
});

test.each([
  ["ASCII", "hi", "VwECvrYcgIhWeKhwDhb7Rt"],
  ["UTF-8", "häß", "m1AVnO3ARQYHZqo-Dhb7Rt"],
])("a body in %s gives the transaction that it always gave", (_name, body, transaction) => {
  expect(identityOf({ body }).transaction).toBe(transaction);
});

function createIdentifyAgain(): string {
  const request = parseMessage(Buffer.from(requestText())) as SipRequest;
  return createIdentify()(request, parseVia(request.headers.get("Via")!)!, {
    uri: "sip:romeo@sip.test",
    tag: "r1",
  }).transaction;
}

test.each<[string, RequestParts]>([
  ["method", { method: "OPTIONS" }],
  ["Request-URI", { uri: "sip:nurse@xmpp.test" }],
  ["From URI", { from: "<sip:mercutio@sip.test>;tag=r1" }],
  ["From tag", { from: "<sip:romeo@sip.test>;tag=r2" }],
  ["Call-ID", { callId: "call-2" }],
  ["CSeq", { cseq: 2 }],
  ["body", { body: "Art thou not Romeo!" }],
])("another %s makes another request", (_name, parts) => {
  expect(identityOf(parts).request).not.toBe(identityOf().request);
  expect(identityOf(parts).hi).not.toBe(identityOf().hi);
});

test.each<[string, RequestParts]>([
  ["branch", { branch: "z9hG4bK-two" }],
  ["sent-by host", { via: "SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK-one" }],
  ["sent-by port", { via: "SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK-one" }],
  ["branch of RFC 2543 (none)", { via: "SIP/2.0/UDP 192.0.2.1:5060" }],
])("another %s makes another transaction of the same request", (_name, parts) => {
  expect(identityOf(parts).request).toBe(identityOf().request);
  expect(identityOf(parts).via).not.toBe(identityOf().via);
  expect(identityOf(parts).transaction).not.toBe(identityOf().transaction);
});

test("a body larger than any datagram counts to its last byte", () => {
  const long = "x".repeat(200_000);
  const big = (body: string) => {
    const request = parseMessage(Buffer.from(requestText({ body: "" }))) as SipRequest;
    const via = parseVia(request.headers.get("Via")!)!;
    return identify({ ...request, body: Buffer.from(body) }, via, { uri: "sip:a@b", tag: undefined }).request;
  };
  expect(big(long)).toBe(big(long));
  expect(big(`${long}a`)).not.toBe(big(`${long}b`));
});
