/** What waits, what an answer means for it, and the request that a device gets at last. */

import type { SipMessageOut } from "../../../src/core/effect";
import type { SipOutcome } from "../../../src/core/input";
import { parseCpim } from "../../../src/core/message/cpim";
import type { MessageOrigin } from "../../../src/core/message/origin";
import { DEFAULT_SWITCHES } from "../../../src/core/switches";
import { attemptOf } from "../../../src/core/waiting/attempt";
import { delayedRequest } from "../../../src/core/waiting/delayed-request";
import { isNobodyThere, mayWait } from "../../../src/core/waiting/keep";

const outcome = (status: number, local = false): SipOutcome => ({
  status,
  reason: "",
  local,
  maybeDelivered: false,
});
const origin = (more: Partial<MessageOrigin> = {}): MessageOrigin => ({
  from: "juliet@xmpp.example/b",
  to: "romeo@sip.example",
  wantsReceipt: false,
  ...more,
});

describe("what waits (XEP-0160 §3)", () => {
  test.each([undefined, "chat", "normal"])("a message of type %s waits", (type) => {
    expect(mayWait(origin(type === undefined ? {} : { type }))).toBe(true);
  });

  test.each(["headline", "groupchat", "error", "unheard-of"])("one of type %s does not", (type) => {
    expect(mayWait(origin({ type }))).toBe(false);
  });

  test("nor does one whose sender wants nobody to store it (XEP-0334 §4.2), nor a report of ours", () => {
    expect(mayWait(origin({ type: "chat", noStore: true }))).toBe(false);
    expect(mayWait(origin({ type: "chat", unreported: true }))).toBe(false);
  });

  test("nobody is there: no device, a flow that failed, a device that answers nothing", () => {
    expect([480, 430].map((status) => isNobodyThere(outcome(status)))).toEqual([true, true]);
    expect([408, 503].map((status) => isNobodyThere(outcome(status, true)))).toEqual([true, true]);
  });

  test("a device that is there and refuses, or a person who does not exist, is somebody else's word", () => {
    for (const status of [404, 403, 415, 486, 500, 503, 408, 603]) {
      expect([status, isNobodyThere(outcome(status))]).toEqual([status, false]);
    }
    expect(isNobodyThere(outcome(404, true))).toBe(false);
    expect(isNobodyThere({ ...outcome(503, true), retryAfter: 30 })).toBe(false);
  });
});

describe("what an answer means for a message that has waited", () => {
  test.each([
    [200, "delivered"],
    [202, "delivered"],
    [415, "refused"],
    [403, "refused"],
    [513, "refused"],
    [480, "away"],
    [408, "away"],
    [503, "away"],
  ])("%i: %s", (status, attempt) => {
    expect(attemptOf(outcome(status), 0)).toBe(attempt);
  });

  test("a message on which a phone fails every time does not keep the others for ever", () => {
    expect(attemptOf(outcome(500), 9)).toBe("away");
    expect(attemptOf(outcome(500), 10)).toBe("refused");
    expect(attemptOf(outcome(200), 10)).toBe("delivered");
  });
});

describe("the request that a device gets", () => {
  const request: SipMessageOut = {
    toUri: "sip:romeo@sip.example",
    fromUri: "sip:juliet@xmpp.example;gr=b",
    fromTag: "t",
    callId: "call",
    cseq: 7,
    branch: "branch",
    contentType: "text/plain;charset=UTF-8",
    headers: [["Subject", "night"]],
    body: Buffer.from("dobrý den"),
    peer: "phones",
  };
  const delay = {
    receivedAt: Date.UTC(2026, 10, 21, 6, 0, 0),
    deviceUri: "sip:romeo@sip.example;gr=orchard",
    deviceTag: "1a",
    attempts: 0,
  };

  test("goes to this device alone, with the time at which the text came (RFC 3261 §20.17)", () => {
    const delayed = delayedRequest(request, delay, DEFAULT_SWITCHES, false);
    expect(delayed.toUri).toBe("sip:romeo@sip.example;gr=orchard");
    expect(delayed.headers).toEqual([
      ["Subject", "night"],
      ["Date", "Sat, 21 Nov 2026 06:00:00 GMT"],
    ]);
    expect([delayed.callId, delayed.contentType]).toEqual(["call", request.contentType]);
  });

  test("keeps the time that its sender has given it (XEP-0203)", () => {
    const dated = { ...request, headers: [["Date", "Fri, 20 Nov 2026 06:00:00 GMT"]] as const };
    expect(delayedRequest(dated, delay, DEFAULT_SWITCHES, false).headers).toEqual(dated.headers);
  });

  test("says the time in CPIM to a phone that takes it (RFC 3862 §2.3)", () => {
    const delayed = delayedRequest(request, delay, DEFAULT_SWITCHES, true);
    expect(delayed.contentType).toBe("message/cpim");
    const cpim = parseCpim(delayed.body);
    expect(cpim.ok && cpim.value.dateTime).toBe("2026-11-21T06:00:00Z");
    expect(cpim.ok && cpim.value.subjects).toEqual([{ text: "night" }]);
    expect(cpim.ok && Buffer.from(cpim.value.content.body).toString()).toBe("dobrý den");
  });

  test("is the same after a crash, another one for another device or after a final answer", () => {
    const again = delayedRequest(request, delay, DEFAULT_SWITCHES, false);
    expect(delayedRequest(request, { ...delay }, DEFAULT_SWITCHES, false)).toEqual(again);
    const other = delayedRequest(request, { ...delay, deviceTag: "2b" }, DEFAULT_SWITCHES, false);
    expect(other.branch).not.toBe(again.branch);
    const later = delayedRequest(request, { ...delay, attempts: 1 }, DEFAULT_SWITCHES, false);
    expect([later.branch === again.branch, later.cseq, later.callId]).toEqual([false, 8, "call"]);
  });
});
