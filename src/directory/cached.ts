/** A source with a memory: one query for a person however many ask at once, and none at all for a while after. */

import { TransientMap } from "../core/transient-map";
import type { Clock, Counters, DirectoryAnswer, Looked, Person } from "../gateway/sides";
import { sipKey } from "./addresses";
import type { CacheOptions } from "./options";
import { Remembered } from "./remembered";
import { type Found, type Question, type Source, UNKNOWN } from "./source";

export interface CachedDeps {
  readonly clock: Clock;
  readonly counters: Counters;
}

/** Secrets and people are remembered for their lifetime, absences for less, "cannot say now" never. */
export class CachedSource {
  readonly #source: Source;
  readonly #options: CacheOptions;
  readonly #clock: Clock;
  readonly #counters: Counters;
  readonly #found: Remembered<Found>;
  readonly #absent: Remembered<true>;
  readonly #asking = new TransientMap<string, Promise<DirectoryAnswer<Found>>>();

  constructor(source: Source, options: CacheOptions, { clock, counters }: CachedDeps) {
    this.#source = source;
    this.#options = options;
    this.#clock = clock;
    this.#counters = counters;
    const entries = options.maximumEntries;
    const octets = options.maximumOctets;
    this.#found = new Remembered(clock, { lifetimeMs: options.lifetimeMs, entries, octets }, weighFound);
    // Apart from the others, so that a flood of names that do not exist pushes nobody out.
    this.#absent = new Remembered(
      clock,
      { lifetimeMs: options.absenceMs, entries, octets },
      () => ABSENCE_OCTETS,
    );
  }

  /** At once when it is remembered. */
  find(question: Question): Looked<Found> {
    const key = keyOf(question);
    const known = this.#found.get(key);
    if (known !== undefined) {
      this.#counters.add("directory.hits");
      return { kind: "found", value: known.value };
    }
    if (this.#absent.get(key) !== undefined) {
      this.#counters.add("directory.hits.absent");
      return UNKNOWN;
    }
    return this.#ask(key, question);
  }

  /**
   * As `find`, from the source itself, unless it was asked a moment ago. While the source cannot say, what is remembered
   * goes on.
   */
  findFresh(question: Question): Looked<Found> {
    const key = keyOf(question);
    const known = this.#found.get(key);
    const askedAt = known?.askedAt ?? this.#absent.get(key)?.askedAt;
    if (askedAt !== undefined && this.#clock.now() - askedAt < this.#options.freshEveryMs) {
      this.#counters.add("directory.fresh.limited");
      return this.find(question);
    }
    this.#counters.add("directory.fresh");
    const asked = this.#ask(key, question);
    if (known === undefined) return asked;
    const remembered = { kind: "found", value: known.value } as const;
    const orKnown = (answer: DirectoryAnswer<Found>) => (answer.kind === "unavailable" ? remembered : answer);
    return asked instanceof Promise ? asked.then(orKnown) : orKnown(asked);
  }

  search(words: string, limit: number): Promise<DirectoryAnswer<readonly Person[]>> {
    return this.#source.search(words, limit);
  }

  stop(): Promise<void> {
    return this.#source.stop();
  }

  #ask(key: string, question: Question): Looked<Found> {
    const asking = this.#asking.get(key);
    if (asking !== undefined) {
      this.#counters.add("directory.joined");
      return asking;
    }
    this.#counters.add("directory.asked");
    const answer = this.#source.find(question);
    if (!(answer instanceof Promise)) return this.#remember(key, answer);
    const remembering = answer.then((said) => {
      this.#asking.delete(key);
      return this.#remember(key, said);
    });
    this.#asking.set(key, remembering);
    return remembering;
  }

  #remember(key: string, answer: DirectoryAnswer<Found>): DirectoryAnswer<Found> {
    switch (answer.kind) {
      case "found":
        this.#absent.delete(key);
        this.#found.set(key, answer.value);
        break;
      case "unknown":
        this.#found.delete(key);
        this.#absent.set(key, true);
        break;
      case "unavailable":
        this.#counters.add("directory.unavailable");
        break;
    }
    return answer;
  }
}

function keyOf(question: Question): string {
  switch (question.kind) {
    case "sip":
      return `s ${sipKey(question.sip)}`;
    case "jid":
      return `j ${question.jid}`;
    case "username":
      return `u ${question.realm.length} ${question.realm}${question.username}`;
  }
}

/** A photo is all that is large about a person. */
function weighFound({ person }: Found): number {
  return PERSON_OCTETS + (person.card?.photo?.octets.length ?? 0);
}

/** Measured: a person with a card and two digests, and a key alone, in V8's heap. */
const PERSON_OCTETS = 1_500;
const ABSENCE_OCTETS = 200;
