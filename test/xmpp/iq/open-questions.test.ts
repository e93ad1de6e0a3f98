/** Every get and set has exactly one answer within a second, whoever hangs (bug 18). */

import { resultOf } from "../../../src/core/service/answer";
import { createCounters } from "../../../src/runtime/counters";
import { child, childElements, type Element, element } from "../../../src/xml/element";
import { OpenQuestions } from "../../../src/xmpp/iq/open-questions";
import { fixedClock } from "../../support/fixed-clock";
import { nullLog } from "../../support/null-log";

const CLIENT = "jabber:client";
const IQ = element(CLIENT, "iq", { type: "get", id: "1", from: "juliet@xmpp.example/a", to: "sip.example" });

function stage() {
  const clock = fixedClock();
  const log = nullLog();
  const sent: Element[] = [];
  const questions = new OpenQuestions({ clock, log, counters: createCounters() });
  return { clock, log, sent, questions, send: (answer: Element) => sent.push(answer) };
}

const conditions = (answers: readonly Element[]) =>
  answers.map(
    (answer) => childElements(child(answer, CLIENT, "error") ?? answer)[0]?.name ?? answer.attrs.type,
  );

test("an answer that comes in time is passed on, once", async () => {
  const { clock, sent, questions, send } = stage();
  questions.wait(IQ, Promise.resolve(resultOf(IQ)), send);
  await Promise.resolve();
  clock.advance(5_000);
  expect(conditions(sent)).toEqual(["result"]);
  expect(clock.alarms).toBe(0);
});

test("a directory that hangs is an error within a second, and what it says later nobody hears", async () => {
  const { clock, sent, questions, send } = stage();
  let release: (answer: Element) => void = () => undefined;
  questions.wait(IQ, new Promise<Element>((resolve) => (release = resolve)), send);
  clock.advance(999);
  expect(conditions(sent)).toEqual(["remote-server-timeout"]);
  release(resultOf(IQ));
  await Promise.resolve();
  expect(sent).toHaveLength(1);
  expect(questions.size).toBe(0);
});

test("a promise that rejects is our mistake: an error, and a line in the log", async () => {
  const { log, sent, questions, send } = stage();
  questions.wait(IQ, Promise.reject(new Error("x")), send);
  await new Promise((resolve) => setImmediate(resolve));
  expect(conditions(sent)).toEqual(["internal-server-error"]);
  expect(log.lines).toHaveLength(1);
});

test("too many at once are refused at once, and the others wait on", () => {
  const { sent, questions, send } = stage();
  const never = new Promise<Element>(() => undefined);
  for (let at = 0; at < 1_100; at++) questions.wait(IQ, never, send);
  expect(questions.size).toBe(1_000);
  expect(conditions(sent)).toEqual(Array.from({ length: 100 }, () => "resource-constraint"));
});

test("who waits when the gateway stops is told", () => {
  const { sent, questions, send } = stage();
  questions.wait(IQ, new Promise<Element>(() => undefined), send);
  questions.stop();
  questions.stop();
  expect(conditions(sent)).toEqual(["resource-constraint"]);
});
