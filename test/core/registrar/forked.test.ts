import type { SipOutcome } from "../../../src/core/input";
import { bestOutcome, hasVanished } from "../../../src/core/registrar/forked";
import { relayedAnswer } from "../../../src/core/registrar/relayed";

const outcome = (status: number, more: Partial<SipOutcome> = {}): SipOutcome => ({
  status,
  reason: "",
  local: false,
  maybeDelivered: false,
  ...more,
});

test.each([
  [[404, 200, 603], 200],
  [[603, 404], 603],
  [[500, 404], 404],
  [[404, 415], 415],
  [[302, 404], 302],
  [[503, 430], 503],
])("the best of %j is %d (RFC 3261 §16.7 step 6)", (statuses, best) => {
  expect(bestOutcome(statuses.map((status) => outcome(status))).status).toBe(best);
  expect(bestOutcome([...statuses].reverse().map((status) => outcome(status))).status).toBe(best);
});

test("whether any device may have it is not forgotten", () => {
  const gone = outcome(408, { local: true, maybeDelivered: true });
  expect(bestOutcome([gone, outcome(486)])).toMatchObject({ status: 486, maybeDelivered: true });
});

test("only its own word, or no word at all, says that a device has vanished", () => {
  const local = { local: true };
  expect([outcome(430), outcome(410), outcome(408, local), outcome(503, local)].map(hasVanished)).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect([outcome(408), outcome(503), outcome(404), outcome(480, local)].map(hasVanished)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

test("what the sender of a relayed message is told", () => {
  expect(relayedAnswer(outcome(415, { accept: ["text/plain"] }))).toMatchObject({
    status: 415,
    headers: [["Accept", "text/plain"]],
  });
  expect(relayedAnswer(outcome(503, { retryAfter: 9 }))).toMatchObject({
    status: 500,
    headers: [["Retry-After", "9"]],
  });
  expect(relayedAnswer(outcome(408, { local: true })).status).toBe(480);
});
