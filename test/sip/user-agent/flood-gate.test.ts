/** A flood is refused without asking, then not even read; others, and other addresses, are not meant. RFC 3261 §21.5.4. */

import type { SipAnswer } from "../../../src/gateway/sides";
import type { Source } from "../../../src/sip/transport/transport";
import { FloodGate } from "../../../src/sip/user-agent/flood-gate";

const PEST = "sip:pest@sip.test";
const NOW = 1_800_000_000_000;
const ANSWER: SipAnswer = {
  status: 500,
  reason: "You are sending too fast",
  headers: [["Retry-After", "1"]],
};
const HERE: Source = {
  transport: "udp",
  address: "192.0.2.1",
  port: 5060,
  local: { transport: "udp", address: "192.0.2.9", port: 5060 },
  tlsIdentities: [],
};
const ELSEWHERE = { ...HERE, address: "192.0.2.2" };

function closed(holdOffMs = 100): FloodGate {
  const gate = new FloodGate();
  gate.close(PEST, HERE, ANSWER, holdOffMs, NOW);
  return gate;
}

function message(from: string, method = "MESSAGE"): Buffer {
  return Buffer.from(
    `${method} sip:juliet@xmpp.test SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: ${from};tag=1\r\n\r\n`,
  );
}

/** As many answers as one sender gets in a second. */
function exhausted(): FloodGate {
  const gate = closed(5_000);
  for (let count = 0; count < 100; count++) gate.answerFor(PEST, HERE, NOW);
  return gate;
}

test("the sender gets the answer that he got, for as long as it would be the same", () => {
  const gate = closed();
  expect(gate.answerFor(PEST, HERE, NOW + 99)).toBe(ANSWER);
  expect(gate.answerFor(PEST, HERE, NOW + 100)).toBeUndefined();
});

test("another sender, and the same name at another address, are asked for as ever", () => {
  const gate = closed();
  expect(gate.answerFor("sip:juliet@sip.test", HERE, NOW)).toBeUndefined();
  expect(gate.answerFor(PEST, ELSEWHERE, NOW)).toBeUndefined();
});

test("after 100 answers in a second the rest of it is dropped, and nobody else's", () => {
  expect(closed().drops(message(`<${PEST}>`), HERE, NOW)).toBe(false);
  const gate = exhausted();
  expect(gate.drops(message(`"The Pest" <${PEST}>`), HERE, NOW)).toBe(true);
  expect(gate.drops(message("<sip:juliet@sip.test>"), HERE, NOW)).toBe(false);
  expect(gate.drops(message(`<${PEST}>`), ELSEWHERE, NOW)).toBe(false);
  expect(gate.drops(message(`<${PEST}>`, "SUBSCRIBE"), HERE, NOW)).toBe(false);
});

test("the next second begins anew, and a gate that was closed again within a second goes on counting", () => {
  const gate = exhausted();
  gate.close(PEST, HERE, ANSWER, 5_000, NOW + 10);
  expect(gate.drops(message(`<${PEST}>`), HERE, NOW + 20)).toBe(true);
  expect(gate.drops(message(`<${PEST}>`), HERE, NOW + 1_000)).toBe(false);
  expect(gate.answerFor(PEST, HERE, NOW + 1_000)).toBe(ANSWER);
});

test("a clock that was put back opens the gate", () => {
  expect(closed(50_000).answerFor(PEST, HERE, NOW - 10_000)).toBeUndefined();
});

test.each([
  ["no From", "MESSAGE sip:juliet@xmpp.test SIP/2.0\r\n\r\n"],
  ["no brackets", `MESSAGE sip:j@x SIP/2.0\r\nFrom: ${PEST}\r\n\r\n`],
  ["cut short", "MESSAGE sip:j@x SIP/2.0\r\nFrom: <sip:pe"],
  ["nothing", ""],
])("octets that cannot be judged at a glance are read in full: %s", (_what, text) => {
  expect(exhausted().drops(Buffer.from(text), HERE, NOW)).toBe(false);
});
