import { CachedSource } from "../../src/directory/cached";
import { DEFAULT_CACHE } from "../../src/directory/options";
import type { Found, Question, Source } from "../../src/directory/source";
import type { DirectoryAnswer, Looked } from "../../src/gateway/sides";
import { createCounters } from "../../src/runtime/counters";
import { fixedClock } from "../support/fixed-clock";

const FOUND: DirectoryAnswer<Found> = {
  kind: "found",
  value: {
    person: { id: "romeo", sipUri: "sip:romeo@sip.example", jid: "romeo@sip.example", isAllowed: true },
    ha1: { MD5: "0".repeat(32) },
  },
};
const AWAY = { kind: "unavailable", retryAfter: 7 } as const;

/** A source that says what the test wants and counts who asks. */
function source(say: (question: Question) => Looked<Found>) {
  const asked: Question[] = [];
  const made: Source = {
    name: "source",
    find: (question) => {
      asked.push(question);
      return say(question);
    },
    search: async () => ({ kind: "found", value: [] }),
    stop: async () => undefined,
  };
  return { made, asked };
}

function cachedOn(say: (question: Question) => Looked<Found>, more: Partial<typeof DEFAULT_CACHE> = {}) {
  const { made, asked } = source(say);
  const clock = fixedClock();
  const counters = createCounters();
  const cached = new CachedSource(made, { ...DEFAULT_CACHE, ...more }, { clock, counters });
  return { cached, asked, clock, counters };
}

const username = (name: string): Question => ({ kind: "username", username: name, realm: "sip.example" });

test("what was found is asked for once in twenty minutes", () => {
  const { cached, asked, clock } = cachedOn(() => FOUND);
  expect(cached.find(username("romeo"))).toBe(FOUND);
  clock.advance(20 * 60_000 - 1);
  expect(cached.find(username("romeo"))).toEqual(FOUND);
  expect(asked).toHaveLength(1);
  clock.advance(1);
  cached.find(username("romeo"));
  expect(asked).toHaveLength(2);
});

test("who is unknown is asked for again after a minute, and whoever came meanwhile is then there", () => {
  let answer: DirectoryAnswer<Found> = { kind: "unknown" };
  const { cached, asked, clock } = cachedOn(() => answer);
  cached.find(username("romeo"));
  answer = FOUND;
  clock.advance(59_999);
  expect(cached.find(username("romeo"))).toEqual({ kind: "unknown" });
  clock.advance(1);
  expect(cached.find(username("romeo"))).toEqual(FOUND);
  expect(asked).toHaveLength(2);
});

test("that the source cannot say is not remembered", () => {
  const { cached, asked } = cachedOn(() => AWAY);
  expect(cached.find(username("romeo"))).toEqual(AWAY);
  expect(cached.find(username("romeo"))).toEqual(AWAY);
  expect(asked).toHaveLength(2);
});

test("kinds of questions, realms and names do not mix", () => {
  const { cached, asked } = cachedOn(() => FOUND);
  const sip = { user: "romeo", domain: "sip.example", uri: "sip:romeo@sip.example" };
  const questions: Question[] = [
    username("romeo"),
    { kind: "username", username: "romeo", realm: "r" },
    { kind: "username", username: "rromeo", realm: "" },
    { kind: "sip", sip, jid: undefined },
    { kind: "jid", jid: "romeo@sip.example", sip },
  ];
  for (const question of [...questions, ...questions]) cached.find(question);
  expect(asked).toEqual(questions);
});

test("who asks while the answer is on its way gets the same one", async () => {
  let answer: (said: DirectoryAnswer<Found>) => void = () => undefined;
  const { cached, asked } = cachedOn(() => new Promise((resolve) => (answer = resolve)));
  const both = [cached.find(username("romeo")), cached.findFresh(username("romeo"))];
  answer(FOUND);
  expect(await Promise.all(both)).toEqual([FOUND, FOUND]);
  expect(asked).toHaveLength(1);
  expect(cached.find(username("romeo"))).toEqual(FOUND);
});

describe("asking anew", () => {
  test("goes to the source, but not twice in five seconds", () => {
    const { cached, asked, clock } = cachedOn(() => FOUND);
    cached.find(username("romeo"));
    cached.findFresh(username("romeo"));
    expect(asked).toHaveLength(1);
    clock.advance(5_000);
    cached.findFresh(username("romeo"));
    cached.findFresh(username("romeo"));
    expect(asked).toHaveLength(2);
  });

  test("may find that somebody is gone", () => {
    let answer: DirectoryAnswer<Found> = FOUND;
    const { cached, clock } = cachedOn(() => answer);
    cached.find(username("romeo"));
    answer = { kind: "unknown" };
    clock.advance(5_000);
    expect(cached.findFresh(username("romeo"))).toEqual({ kind: "unknown" });
    expect(cached.find(username("romeo"))).toEqual({ kind: "unknown" });
  });

  test.each([
    ["at once", () => AWAY],
    ["later", async () => AWAY],
  ])("leaves what is remembered when the source cannot say (%s)", async (_, say) => {
    let isAway = false;
    const { cached, clock } = cachedOn(() => (isAway ? say() : FOUND));
    cached.find(username("romeo"));
    isAway = true;
    clock.advance(5_000);
    expect(await cached.findFresh(username("romeo"))).toEqual(FOUND);
    expect(await cached.findFresh(username("juliet"))).toEqual(AWAY);
  });
});

test("memory is bounded: a flood of names that do not exist pushes nobody out", () => {
  const { cached, asked } = cachedOn(
    (question) =>
      question.kind === "username" && question.username.startsWith("known") ? FOUND : { kind: "unknown" },
    { maximumEntries: 100 },
  );
  for (let index = 0; index < 50; index++) cached.find(username(`known${index}`));
  for (let index = 0; index < 5_000; index++) cached.find(username(`nobody${index}`));
  const before = asked.length;
  for (let index = 0; index < 50; index++) cached.find(username(`known${index}`));
  expect(asked).toHaveLength(before);
});
