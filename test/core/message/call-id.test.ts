import fc from "fast-check";
import { callIdToThread, threadToCallId } from "../../../src/core/message/call-id";

const CALL_ID = /^[A-Za-z0-9\-.!%*_+`'~()<>:\\/"[\]?{}]+(?:@[A-Za-z0-9\-.!%*_+`'~()<>:\\/"[\]?{}]+)?$/;

test.each(["9E97FB43-85F4-4A00-8751-1124FD4C7B2E", "a@b", `(<:\\/"[]?{}>)`, "x".repeat(200)])(
  "a thread that is a legal callid goes as it is: %s (RFC 3261 §25.1)",
  (thread) => {
    expect(threadToCallId(thread)).toBe(thread);
    expect(callIdToThread(thread)).toBe(thread);
  },
);

test.each([
  "two words",
  "a@b@c",
  "@",
  "é🎭",
  "line\r\nEvil: 1",
  "x".repeat(201),
  "thread*x",
  "\uFEFFbom",
  "thread*",
])("another comes back from its encoding: %j", (thread) => {
  const callId = threadToCallId(thread)!;
  expect(callId).toMatch(/^thread\*[A-Za-z0-9_-]+$/);
  expect(callIdToThread(callId)).toBe(thread);
});

test("one that is empty or very long is not carried", () => {
  expect(threadToCallId("")).toBeUndefined();
  expect(threadToCallId("é".repeat(376))).toBeUndefined();
});

test.each(["thread*", "thread*!", "thread*A", "thread*gg", "thread*YWJj", "thread*_w"])(
  "a stranger's Call-ID that only looks like ours comes back unchanged: %s",
  (callId) => {
    const thread = callIdToThread(callId);
    expect(thread).toBe(callId);
    // The reply then carries an encoding of it, which reads back as the same thread.
    expect(callIdToThread(threadToCallId(thread)!)).toBe(thread);
  },
);

test("thread → Call-ID → thread is the same for every thread, and the Call-ID always legal", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 100 }), (thread) => {
      const callId = threadToCallId(thread)!;
      expect(callId).toMatch(CALL_ID);
      expect(callIdToThread(callId)).toBe(thread);
    }),
  );
});

test("a legal Call-ID is the same again after a round trip", () => {
  const word = fc.stringMatching(/^[A-Za-z0-9\-.!%*_+`'~()<>:\\/"[\]?{}]{1,60}$/);
  fc.assert(
    fc.property(word, word, (local, host) => {
      for (const callId of [local, `${local}@${host}`]) {
        expect(threadToCallId(callIdToThread(callId))).toBe(callId);
      }
    }),
  );
});
