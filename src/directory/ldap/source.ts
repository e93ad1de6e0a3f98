/** LDAP as a source of people. */

import type { Entry } from "ldapts";
import type { Clock, Counters, DirectoryAnswer, Log, Looked, Person } from "../../gateway/sides";
import type { Addresses } from "../addresses";
import { type Found, type Question, type Source, UNKNOWN } from "../source";
import type { LdapReply, LdapSearch } from "./connection";
import { EntryReader } from "./entry";
import { EntryValues } from "./entry-values";
import type { LdapOptions } from "./options";
import { LdapQuestions } from "./questions";
import { LdapServers, type ServersReply } from "./servers";

export interface LdapDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly addresses: Addresses;
}

/** Makes the source; nothing is connected to before the first question. */
export function ldapSource(options: LdapOptions, deps: LdapDeps): Source {
  return new LdapSource(options, deps);
}

/** What a server said. */
interface Said {
  readonly entries: readonly Entry[];
  readonly server: string;
}

class LdapSource implements Source {
  readonly name: string;
  readonly #deps: LdapDeps;
  readonly #reader: EntryReader;
  readonly #questions: LdapQuestions;
  readonly #servers: LdapServers;
  readonly #longestMs: number;

  constructor(options: LdapOptions, deps: LdapDeps) {
    this.name = options.name;
    this.#deps = deps;
    this.#reader = new EntryReader(options, deps.addresses);
    this.#questions = new LdapQuestions(options, this.#reader);
    this.#servers = new LdapServers(options, deps);
    this.#longestMs = options.limits.connectMs + 2 * options.limits.queryMs;
  }

  find(question: Question): Looked<Found> {
    const search = this.#questions.searchFor(question);
    return search === undefined ? UNKNOWN : this.#find(question, search);
  }

  async search(words: string, limit: number): Promise<DirectoryAnswer<readonly Person[]>> {
    const search = this.#questions.searchForWords(words, limit);
    if (search === undefined) return { kind: "found", value: [] };
    return this.#ask(search, ({ entries }) => {
      const people = entries.flatMap((entry) => this.#reader.person(new EntryValues(entry)) ?? []);
      return { kind: "found", value: people };
    });
  }

  stop(): Promise<void> {
    return this.#servers.stop();
  }

  #find(question: Question, search: LdapSearch): Promise<DirectoryAnswer<Found>> {
    return this.#ask(search, ({ entries, server }) => this.#foundIn(entries, question, server));
  }

  #foundIn(entries: readonly Entry[], question: Question, server: string): DirectoryAnswer<Found> {
    const [entry] = entries;
    if (entry === undefined) return UNKNOWN;
    if (entries.length > 1) return this.#ambiguous(question, entries);
    const values = new EntryValues(entry);
    const person = this.#reader.person(values);
    if (person === undefined)
      return this.#refuse(entry, "entry without an address that a rule of domains serves");
    if (!this.#reader.isMeant(values, question))
      return this.#refuse(entry, "entry does not hold the name asked for");
    if (question.kind !== "username") return { kind: "found", value: { person, server } };
    return { kind: "found", value: { person, server, ha1: this.#reader.digests(values, question.username) } };
  }

  /** All servers and all waiting together: nobody is left without an answer for longer. @param read of what was said, the answer */
  #ask<Value>(
    search: LdapSearch,
    read: (said: Said) => DirectoryAnswer<Value>,
  ): Promise<DirectoryAnswer<Value>> {
    return new Promise((resolve, reject) => {
      let isLate = false;
      const cancel = this.#deps.clock.after(this.#longestMs, () => {
        isLate = true;
        this.#deps.counters.add("directory.ldap.late");
        resolve(unavailable(this.#servers.retryAfter));
      });
      const settle = (reply: ServersReply): void => {
        if (isLate) return;
        cancel();
        resolve(this.#answerOf(reply, read));
      };
      this.#servers.search(search).then(settle).catch(reject);
    });
  }

  #answerOf<Value>(
    asked: ServersReply,
    read: (said: Said) => DirectoryAnswer<Value>,
  ): DirectoryAnswer<Value> {
    if (!asked.ok) return unavailable(asked.retryAfter);
    const { reply, server } = asked;
    if (reply.ok) return read({ entries: reply.entries, server });
    this.#report(reply, server);
    return unavailable(this.#servers.retryAfter);
  }

  #report({ problem }: Extract<LdapReply, { ok: false }>, server: string): void {
    this.#deps.counters.add(`directory.ldap.${problem.reason}`);
    const { reason, detail } = problem;
    const fields = { source: this.name, server, reason, ...(detail === undefined ? {} : { detail }) };
    if (reason === "stopped" || reason === "busy") this.#deps.log.debug(fields, "directory gave no answer");
    else this.#deps.log.warn(fields, "directory gave no answer");
  }

  /** Never a guess which of them it is. */
  #ambiguous(question: Question, entries: readonly Entry[]): DirectoryAnswer<Found> {
    this.#deps.counters.add("directory.ldap.ambiguous");
    const ids = entries.slice(0, 2).map(({ dn }) => dn);
    this.#deps.log.warn(
      { source: this.name, asked: question.kind, ids },
      "directory has two entries for one",
    );
    return UNKNOWN;
  }

  #refuse({ dn }: Entry, why: string): DirectoryAnswer<Found> {
    this.#deps.counters.add("directory.ldap.unfit");
    this.#deps.log.warn({ source: this.name, id: dn, why }, "directory entry left out");
    return UNKNOWN;
  }
}

function unavailable(retryAfter: number): { readonly kind: "unavailable"; readonly retryAfter: number } {
  return { kind: "unavailable", retryAfter };
}
