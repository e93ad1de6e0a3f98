/** Who is who: sources in order behind one memory. */

import type {
  Clock,
  Counters,
  DigestSecret,
  Directory,
  DirectoryAnswer,
  Log,
  Looked,
  Person,
} from "../gateway/sides";
import type { Addresses } from "./addresses";
import { CachedSource } from "./cached";
import { inOrder } from "./in-order";
import { ldapSource } from "./ldap/source";
import type { DirectoryOptions, SourceOptions } from "./options";
import { type Found, type Question, type Source, UNKNOWN } from "./source";
import { usersSource } from "./users-file";

export interface DirectoryDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly addresses: Addresses;
}

/** Makes the directory; LDAP servers are connected to when somebody is first asked for. */
export function createDirectory(options: DirectoryOptions, deps: DirectoryDeps): Directory {
  if (options.sources.length === 0) return nobody();
  const source = inOrder(createSources(options.sources, deps));
  return new SourceDirectory(new CachedSource(source, options.cache, deps), deps.addresses);
}

/** The sources one by one and without a memory, as commands ask them. */
export function createSources(options: readonly SourceOptions[], deps: DirectoryDeps): readonly Source[] {
  return options.map((one) =>
    one.kind === "users" ? usersSource(one, deps.addresses) : ldapSource(one, deps),
  );
}

/** A directory without anybody. */
export function nobody(): Directory {
  return {
    bySip: () => UNKNOWN,
    byJid: () => UNKNOWN,
    secretOf: () => UNKNOWN,
    search: async () => ({ kind: "found", value: [] }),
    stop: async () => undefined,
  };
}

/** Reads a SIP or tel URI into a question; undefined when it is none. */
export function questionOfSip(uri: string, addresses: Addresses): Question | undefined {
  const sip = uri.length > LONGEST_NAME ? undefined : addresses.readSip(uri);
  if (sip === undefined || !isFit(sip.user)) return undefined;
  return { kind: "sip", sip, jid: addresses.jidOfSip(sip.uri) };
}

/** Reads a JID into a question; undefined when it is none. */
export function questionOfJid(text: string, addresses: Addresses): Question | undefined {
  const jid = text.length > LONGEST_NAME ? undefined : addresses.readJid(text);
  return jid === undefined ? undefined : { kind: "jid", jid, sip: addresses.sipOfJid(jid) };
}

/** A username as it stands in Authorization; undefined when nobody can be called so. @param isWhole with name and card */
export function questionOfUsername(username: string, realm: string, isWhole = false): Question | undefined {
  if (username === "" || username.length > LONGEST_USERNAME || !isFit(username)) return undefined;
  return isWhole ? { kind: "username", username, realm, isWhole } : { kind: "username", username, realm };
}

class SourceDirectory implements Directory {
  readonly #source: CachedSource;
  readonly #addresses: Addresses;

  constructor(source: CachedSource, addresses: Addresses) {
    this.#source = source;
    this.#addresses = addresses;
  }

  bySip(uri: string): Looked<Person> {
    const question = questionOfSip(uri, this.#addresses);
    return question === undefined ? UNKNOWN : then(this.#source.find(question), personOf);
  }

  byJid(jid: string): Looked<Person> {
    const question = questionOfJid(jid, this.#addresses);
    return question === undefined ? UNKNOWN : then(this.#source.find(question), personOf);
  }

  secretOf(username: string, realm: string, isFresh = false): Looked<DigestSecret> {
    const question = questionOfUsername(username, realm);
    if (question === undefined) return UNKNOWN;
    const found = isFresh ? this.#source.findFresh(question) : this.#source.find(question);
    return then(found, (answer) => secretIn(answer, username));
  }

  search(words: string, limit: number): Promise<DirectoryAnswer<readonly Person[]>> {
    return this.#source.search(words.slice(0, LONGEST_NAME), limit);
  }

  stop(): Promise<void> {
    return this.#source.stop();
  }
}

function personOf(answer: DirectoryAnswer<Found>): DirectoryAnswer<Person> {
  return answer.kind === "found" ? { kind: "found", value: answer.value.person } : answer;
}

/** Somebody without a digest cannot sign in: to whoever asks for one he is nobody. */
function secretIn(answer: DirectoryAnswer<Found>, username: string): DirectoryAnswer<DigestSecret> {
  if (answer.kind !== "found") return answer;
  const { person, ha1 } = answer.value;
  if (ha1 === undefined || Object.keys(ha1).length === 0) return UNKNOWN;
  return { kind: "found", value: { username, ha1, person } };
}

function then<From, To>(
  looked: Looked<From>,
  map: (answer: DirectoryAnswer<From>) => DirectoryAnswer<To>,
): Looked<To> {
  return looked instanceof Promise ? looked.then(map) : map(looked);
}

/** No control characters, no halves of surrogate pairs, no U+FFFD: that one was octets that are no UTF-8. */
function isFit(text: string): boolean {
  return !UNFIT.test(text);
}

const UNFIT = /[\u0000-\u001f\u007f-\u009f\ufffd\ufffe\uffff\ud800-\udfff]/u;
/** Characters of an address that somebody may have; RFC 7622 §3.1 gives 1023 octets to each part. */
const LONGEST_NAME = 2_048;
const LONGEST_USERNAME = 1_024;
