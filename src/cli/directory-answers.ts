/** What the directory says about somebody, source by source and without a memory: for `isthmus who` and `isthmus check`. */

import type { Config } from "../config/config";
import { addressesOf } from "../config/directory-addresses";
import type { Addresses } from "../directory/addresses";
import { createSources, questionOfJid, questionOfSip, questionOfUsername } from "../directory/directory";
import type { Question, Source } from "../directory/source";
import type { DirectoryAnswer, Log, LogFields, Person } from "../gateway/sides";
import { systemClock } from "../runtime/clock";
import { createCounters } from "../runtime/counters";

/** Somebody, and who knows him. */
export interface Answered {
  readonly source: string;
  readonly server?: string;
  readonly person: Person;
  /** Asked for by username: algorithms of the digests that can be read. Never the digests. */
  readonly digests?: readonly string[];
}

/** What one source said of what went wrong: events of the log with their words. */
export interface Complaint {
  readonly event: string;
  readonly fields: LogFields;
}

export interface Asked {
  readonly kind: Question["kind"] | "none";
  readonly answer: DirectoryAnswer<Answered>;
  readonly complaints: readonly Complaint[];
}

/**
 * Asks the sources in their order, as the gateway would.
 * @param text a SIP or tel URI, a JID, `user@domain` of either kind, or a username
 * @param realm realm of a username
 */
export async function askDirectory(config: Config, text: string, realm: string): Promise<Asked> {
  const complaints: Complaint[] = [];
  const addresses = addressesOf(config.domains);
  const deps = { clock: systemClock(), log: keepingLog(complaints), counters: createCounters(), addresses };
  const sources = createSources(config.directory.sources, deps);
  try {
    let asked: Omit<Asked, "complaints"> = { kind: "none", answer: { kind: "unknown" } };
    for (const question of questionsOf(text, realm, addresses)) {
      asked = { kind: question.kind, answer: await askAll(sources, question) };
      if (asked.answer.kind !== "unknown") break;
    }
    return { ...asked, complaints };
  } finally {
    await Promise.all(sources.map((source) => source.stop()));
  }
}

/** `romeo@sip.example` may be meant as either. */
function questionsOf(text: string, realm: string, addresses: Addresses): Question[] {
  const ways = URI.test(text)
    ? [questionOfSip(text, addresses)]
    : text.includes("@")
      ? [
          questionOfJid(text, addresses),
          questionOfSip(`sip:${text}`, addresses),
          questionOfUsername(text, realm, true),
        ]
      : [questionOfUsername(text, realm, true)];
  return ways.filter((question) => question !== undefined);
}

async function askAll(sources: readonly Source[], question: Question): Promise<DirectoryAnswer<Answered>> {
  for (const source of sources) {
    const answer = await source.find(question);
    if (answer.kind === "unknown") continue;
    if (answer.kind === "unavailable") return answer;
    const { person, server, ha1 } = answer.value;
    const value = {
      source: source.name,
      ...(server === undefined ? {} : { server }),
      person,
      ...(ha1 === undefined ? {} : { digests: Object.keys(ha1) }),
    };
    return { kind: "found", value };
  }
  return { kind: "unknown" };
}

function keepingLog(complaints: Complaint[]): Log {
  const ignore = (): void => undefined;
  const keep = (fields: LogFields, event: string): void => {
    complaints.push({ event, fields });
  };
  const log: Log = { debug: ignore, info: ignore, warn: keep, error: keep, child: () => log };
  return log;
}

const URI = /^(?:sips?|tel):/i;
