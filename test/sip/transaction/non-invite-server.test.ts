import type { SipAnswer } from "../../../src/gateway/sides";
import { ACCEPTED, headerOf, requestText, settle, startSide, statusOf } from "../../support/sip-side";

const TCP = { transport: "tcp" } as const;

/** A handler whose answers come when the test says so. */
function later() {
  const answers: ((answer: SipAnswer) => void)[] = [];
  let calls = 0;
  const handler = () => {
    calls++;
    return new Promise<SipAnswer>((resolve) => answers.push(resolve));
  };
  return { handler, answers, calls: () => calls };
}

test("trying: a retransmission is discarded (RFC 3261 §17.2.2)", async () => {
  const { handler, answers, calls } = later();
  const { transports } = await startSide({}, handler);
  transports.receive(requestText());
  transports.receive(requestText());
  expect([calls(), transports.take()]).toEqual([1, []]);
  answers[0]?.(ACCEPTED);
  await settle();
  expect(transports.take().map(({ text }) => statusOf(text))).toEqual([202]);
});

test("trying → proceeding: 100 goes out when the client's Timer E has reached T2, not before (RFC 4320 §4.1)", async () => {
  const { handler } = later();
  const { transports, clock } = await startSide({}, handler);
  transports.receive(requestText());
  clock.advance(3499);
  expect(transports.take()).toEqual([]);
  clock.advance(1);
  const [trying] = transports.take();
  expect(statusOf(trying?.text ?? "")).toBe(100);
  expect(headerOf(trying?.text ?? "", "To")).toBe("<sip:juliet@xmpp.test>");
});

test("proceeding: a retransmission gets the 100 again; the answer ends it (RFC 3261 §17.2.2)", async () => {
  const { handler, answers, calls } = later();
  const { transports, clock } = await startSide({}, handler);
  transports.receive(requestText());
  clock.advance(3500);
  transports.receive(requestText());
  expect(transports.take().map(({ text }) => statusOf(text))).toEqual([100, 100]);
  answers[0]?.(ACCEPTED);
  await settle();
  transports.receive(requestText());
  expect(transports.take().map(({ text }) => statusOf(text))).toEqual([202, 202]);
  expect(calls()).toBe(1);
});

test("on a stream too 100 comes when nothing else has (RFC 4320 §4.1)", async () => {
  const { handler } = later();
  const { transports, clock } = await startSide({}, handler);
  transports.receive(requestText(), TCP);
  clock.advance(3500);
  expect(transports.take().map(({ text }) => statusOf(text))).toEqual([100]);
});

test("completed: a retransmission gets the very same answer until Timer J (RFC 3261 §17.2.2)", async () => {
  let calls = 0;
  const { transports, clock } = await startSide({}, () => {
    calls++;
    return ACCEPTED;
  });
  transports.receive(requestText());
  clock.advance(31_999);
  transports.receive(requestText());
  const [first, second] = transports.take();
  expect(second?.text).toBe(first?.text);
  expect(headerOf(first?.text ?? "", "To")).toMatch(/^<sip:juliet@xmpp.test>;tag=[A-Za-z0-9_-]{22}$/);
  clock.advance(8_001);
  transports.receive(requestText());
  expect(calls).toBe(2);
});

test("completed: an answer with headers of its own is kept with them", async () => {
  let calls = 0;
  const { transports, clock } = await startSide({}, () => {
    calls++;
    return { status: 415, reason: "Unsupported Media Type", headers: [["Accept", "text/plain"]] };
  });
  transports.receive(requestText());
  transports.receive(requestText());
  const [first, second] = transports.take();
  expect(second?.text).toBe(first?.text);
  expect(headerOf(second?.text ?? "", "Accept")).toBe("text/plain");
  clock.advance(32_001);
  transports.receive(requestText());
  expect(calls).toBe(2);
});

test("on a stream nothing is kept: Timer J is zero (RFC 3261 §17.2.2)", async () => {
  let calls = 0;
  const { transports } = await startSide({}, () => {
    calls++;
    return ACCEPTED;
  });
  transports.receive(requestText(), TCP);
  transports.receive(requestText(), TCP);
  expect(calls).toBe(2);
});

test("an answer after the client's patience is not sent (RFC 4320 §4.2)", async () => {
  const { handler, answers } = later();
  const { transports, clock, counters } = await startSide({}, handler);
  transports.receive(requestText());
  clock.advance(32_000);
  transports.take();
  answers[0]?.(ACCEPTED);
  await settle();
  expect(transports.take()).toEqual([]);
  expect(counters.get("sip.server.unanswered")).toBe(1);
  expect(counters.get("sip.server.late-answers")).toBe(1);
});

test("408 never answers a non-INVITE (RFC 4320 §4.2)", async () => {
  const { transports } = await startSide({}, () => ({ status: 408, reason: "Request Timeout", headers: [] }));
  transports.receive(requestText());
  expect(statusOf(transports.take()[0]?.text ?? "")).toBe(504);
});

test("a handler that throws or rejects gives 500 without its message", async () => {
  for (const handler of [
    () => {
      throw new Error("secret");
    },
    () => Promise.reject(new Error("secret")),
  ]) {
    const { transports, log } = await startSide({}, handler);
    transports.receive(requestText());
    await settle();
    const [answer] = transports.take();
    expect(statusOf(answer?.text ?? "")).toBe(500);
    expect(answer?.text).not.toContain("secret");
    expect(log.lines.map(({ level }) => level)).toEqual(["error"]);
  }
});

test("the same request by another way is merged: 482 while it waits and after it was taken (§8.2.2.2)", async () => {
  const { handler, answers, calls } = later();
  const { transports } = await startSide({}, handler);
  transports.receive(requestText());
  transports.receive(requestText({ branch: "z9hG4bK-two" }));
  answers[0]?.(ACCEPTED);
  await settle();
  transports.receive(requestText({ branch: "z9hG4bK-three" }));
  expect(transports.take().map(({ text }) => statusOf(text))).toEqual([482, 202, 482]);
  expect(calls()).toBe(1);
});

test("two libpurple users with the same branch, Call-ID, tag and CSeq are two senders (phones.md)", async () => {
  const seen: string[] = [];
  const { transports } = await startSide({}, (message) => {
    seen.push(`${message.fromUri} ${message.body.toString()} ${message.transaction}`);
    return ACCEPTED;
  });
  const same = { branch: "z9hG4bK6B8B4567327B23C6", callId: "327B23C6643C98696633487374B0DC51", cseq: 1 };
  transports.receive(requestText({ ...same, from: "<sip:romeo@sip.test>;tag=19495cff" }));
  transports.receive(requestText({ ...same, from: "<sip:mercutio@sip.test>;tag=19495cff" }), {
    address: "192.0.2.2",
  });
  transports.receive(
    requestText({ ...same, from: "<sip:romeo@sip.test>;tag=19495cff", body: "after a restart" }),
  );
  expect(transports.take().map(({ text }) => statusOf(text))).toEqual([202, 202, 202]);
  expect(new Set(seen).size).toBe(3);
});

test("a branch of RFC 2543, or none, works by the same key (RFC 3261 §17.2.3)", async () => {
  let calls = 0;
  const { transports } = await startSide({}, () => {
    calls++;
    return ACCEPTED;
  });
  for (const [callId, via] of [
    ["none", "SIP/2.0/UDP 192.0.2.1"],
    ["old", "SIP/2.0/UDP 192.0.2.1;branch=1"],
  ] as const) {
    transports.receive(requestText({ via, callId }));
    transports.receive(requestText({ via, callId }));
  }
  expect([calls, transports.take().length]).toEqual([2, 4]);
});

test("old clients' habits: one Call-ID, transactions side by side, CSeq that starts again: each message once, in order", async () => {
  const bodies: string[] = [];
  const { handler, answers } = later();
  const { transports } = await startSide({}, (message) => {
    bodies.push(message.body.toString());
    return handler();
  });
  const sent = [
    { cseq: 5, branch: "z9hG4bK-a", body: "first" },
    { cseq: 6, branch: "z9hG4bK-b", body: "second" },
    { cseq: 1, branch: "z9hG4bK-c", body: "third" },
    { cseq: 6, branch: "z9hG4bK-d", body: "fourth" },
  ];
  for (const parts of sent) transports.receive(requestText(parts));
  expect(bodies).toEqual(["first", "second", "third", "fourth"]);
  for (const answer of answers.reverse()) answer(ACCEPTED);
  await settle();
  expect(transports.take().map(({ text }) => statusOf(text))).toEqual([202, 202, 202, 202]);
});

test("more waiting requests than allowed get 503 with Retry-After; one source gets half of the room", async () => {
  const { handler, answers } = later();
  const { transports } = await startSide({ maximumServerTransactions: 4 }, handler);
  for (let n = 0; n < 3; n++) transports.receive(requestText({ cseq: n }));
  const [third] = transports.take();
  expect([statusOf(third?.text ?? ""), headerOf(third?.text ?? "", "Retry-After")]).toEqual([503, "5"]);
  for (let n = 0; n < 2; n++) transports.receive(requestText({ cseq: 10 + n }), { address: "192.0.2.2" });
  expect(transports.take()).toEqual([]);
  transports.receive(requestText({ cseq: 20 }), { address: "192.0.2.3" });
  expect(transports.take().map(({ text }) => statusOf(text))).toEqual([503]);
  for (const answer of answers) answer(ACCEPTED);
  await settle();
  transports.take();
  transports.receive(requestText({ cseq: 30 }));
  expect(transports.take()).toEqual([]);
});

test("drain: new requests get 503, retransmissions their answer; stop counts what is left", async () => {
  const { handler, answers } = later();
  const { side, transports } = await startSide({}, handler);
  transports.receive(requestText({ cseq: 1 }));
  answers[0]?.(ACCEPTED);
  transports.receive(requestText({ cseq: 2 }));
  await settle();
  transports.take();
  side.drain();
  for (const cseq of [3, 1, 2]) transports.receive(requestText({ cseq }));
  const answered = transports.take();
  expect(answered.map(({ text }) => statusOf(text))).toEqual([503, 202]);
  expect(headerOf(answered[0]?.text ?? "", "Retry-After")).toBe("30");
  expect(await side.stop()).toBe(1);
  expect(transports.isOpen).toBe(false);
});
