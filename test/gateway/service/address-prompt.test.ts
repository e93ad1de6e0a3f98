/** The address prompt. XEP-0100 §6.3. */

import { at, content, errorText, outcome, setStage } from "./stage";

const ask = (inside: string, type: string) =>
  setStage().ask(`<query xmlns='jabber:iq:gateway'>${inside}</query>`, { type });

test("a get is the prompt, which says what may be entered", async () => {
  const query = content(await ask("", "get"));
  expect(at(query, "prompt")).toBe("SIP address");
  expect(at(query, "desc")).toMatch(/SIP address or telephone number .* sip:romeo@sip\.example/);
});

test("a set with what was entered is a JID", async () => {
  const query = content(await ask("<prompt>sip:romeo@sip.example</prompt>", "set"));
  expect(at(query, "jid")).toBe("romeo@sip.example");
});

test.each([
  ["nothing", "", "modify bad-request"],
  ["somebody elsewhere", "<prompt>sip:romeo@nowhere.example</prompt>", "cancel item-not-found"],
  ["no address", "<prompt>sip:&lt;&gt;</prompt>", "modify jid-malformed"],
])("%s is an error with a text", async (_, inside, expected) => {
  const answer = await ask(inside, "set");
  expect(outcome(answer)).toBe(expected);
  expect(errorText(answer)).not.toBe("");
});
