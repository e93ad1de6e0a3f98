/** Several sources as one: asked in order, the first that knows somebody wins. */

import type { DirectoryAnswer, Looked, Person } from "../gateway/sides";
import { type Found, type Question, type Source, UNKNOWN } from "./source";

/**
 * Joins sources. Where an earlier one cannot say, later ones are not asked: it might know somebody else under this name,
 * and a guess is worse than "come again".
 */
export function inOrder(sources: readonly Source[]): Source {
  return {
    name: sources.map((source) => source.name).join(", "),
    find: (question) => findFrom(sources, 0, question),
    search: (words, limit) => searchAll(sources, words, limit),
    stop: async () => {
      await Promise.all(sources.map((source) => source.stop()));
    },
  };
}

/** Without a promise as long as no source needs one. */
function findFrom(sources: readonly Source[], first: number, question: Question): Looked<Found> {
  for (let index = first; index < sources.length; index++) {
    const answer = sources[index]!.find(question);
    if (answer instanceof Promise)
      return answer.then((said) => (said.kind === "unknown" ? findFrom(sources, index + 1, question) : said));
    if (answer.kind !== "unknown") return answer;
  }
  return UNKNOWN;
}

/** One person once, as the first source has him. A source that cannot say makes the whole answer unavailable. */
async function searchAll(
  sources: readonly Source[],
  words: string,
  limit: number,
): Promise<DirectoryAnswer<readonly Person[]>> {
  const answers = await Promise.all(sources.map((source) => source.search(words, limit)));
  const people = new Map<string, Person>();
  for (const answer of answers) {
    if (answer.kind === "unavailable") return answer;
    if (answer.kind === "unknown") continue;
    for (const person of answer.value) if (!people.has(person.sipUri)) people.set(person.sipUri, person);
  }
  return { kind: "found", value: [...people.values()].slice(0, limit) };
}
