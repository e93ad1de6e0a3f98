import { inOrder } from "../../src/directory/in-order";
import type { Found, Question, Source } from "../../src/directory/source";
import type { DirectoryAnswer, Looked, Person } from "../../src/gateway/sides";

const QUESTION: Question = { kind: "username", username: "romeo", realm: "sip.example" };
const person = (id: string): Person => ({
  id,
  sipUri: `sip:${id}@sip.example`,
  jid: `${id}@sip.example`,
  isAllowed: true,
});
const found = (id: string): DirectoryAnswer<Found> => ({ kind: "found", value: { person: person(id) } });
const UNKNOWN = { kind: "unknown" } as const;
const AWAY = { kind: "unavailable", retryAfter: 7 } as const;

function source(answer: Looked<Found>, people: DirectoryAnswer<readonly Person[]> = UNKNOWN): Source {
  return { name: "one", find: () => answer, search: async () => people, stop: async () => undefined };
}

test.each<[string, Looked<Found>[], DirectoryAnswer<Found>]>([
  ["the first that knows him wins", [UNKNOWN, found("a"), found("b")], found("a")],
  [
    "also when it takes its time",
    [Promise.resolve(UNKNOWN), Promise.resolve(found("a")), found("b")],
    found("a"),
  ],
  ["nobody knows him", [UNKNOWN, Promise.resolve(UNKNOWN)], UNKNOWN],
  ["an earlier one cannot say: no guess from a later one", [UNKNOWN, AWAY, found("b")], AWAY],
  ["a later one cannot say, an earlier one knew", [found("a"), AWAY], found("a")],
  ["there is none", [], UNKNOWN],
])("%s", async (_, answers, expected) => {
  expect(await inOrder(answers.map((answer) => source(answer))).find(QUESTION)).toEqual(expected);
});

test("without a promise as long as no source makes one", () => {
  expect(inOrder([source(UNKNOWN), source(found("a"))]).find(QUESTION)).toEqual(found("a"));
});

test("search joins what they find, each person once, up to the limit", async () => {
  const all = inOrder([
    source(UNKNOWN, { kind: "found", value: [person("a"), person("b")] }),
    source(UNKNOWN, { kind: "found", value: [{ ...person("b"), name: "another" }, person("c")] }),
    source(UNKNOWN),
  ]);
  expect(await all.search("x", 10)).toEqual({
    kind: "found",
    value: [person("a"), person("b"), person("c")],
  });
  expect(await all.search("x", 2)).toEqual({ kind: "found", value: [person("a"), person("b")] });
  expect(await inOrder([all, source(UNKNOWN, AWAY)]).search("x", 10)).toEqual(AWAY);
});
