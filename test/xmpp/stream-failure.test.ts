/** Why a stream ended, and what follows. RFC 6120 §4.9.3, XEP-0114 §3. */

import { element } from "../../src/xml/element";
import { fromSocketError, fromStreamError, wrongPort } from "../../src/xmpp/stream-failure";

const NS = "urn:ietf:params:xml:ns:xmpp-streams";
const STREAM = "http://etherx.jabber.org/streams";

test.each([
  ["not-authorized", "stop"],
  ["host-unknown", "slow"],
  ["invalid-namespace", "slow"],
  ["conflict", "retry"],
  ["system-shutdown", "retry"],
  ["reset", "retry"],
])("%s: %s", (condition, verdict) => {
  expect(fromStreamError(element(STREAM, "error", {}, element(NS, condition)))).toMatchObject({
    reason: condition,
    verdict,
  });
});

test("the server's own words are quoted, in length", () => {
  const error = element(
    STREAM,
    "error",
    {},
    element(NS, "conflict"),
    element(NS, "text", {}, "x".repeat(5_000)),
  );
  const { detail } = fromStreamError(error);
  expect(detail).toMatch(/\(x{200}\)$/);
});

test("an error that says nothing is still an error", () => {
  expect(fromStreamError(element(STREAM, "error"))).toMatchObject({
    reason: "undefined-condition",
    verdict: "retry",
  });
});

test("a known code of the system becomes a sentence, an unknown one stays", () => {
  expect(fromSocketError(Object.assign(new Error("connect"), { code: "ECONNREFUSED" })).detail).toContain(
    "nobody listens",
  );
  expect(fromSocketError(new Error("odd"))).toMatchObject({ reason: "socket-error", detail: "odd" });
});

test("a port for others is named", () => {
  expect(wrongPort("jabber:client").detail).toContain("for clients");
  expect(wrongPort("jabber:server").detail).toContain("for other servers");
});
