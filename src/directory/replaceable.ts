/** A directory that can be exchanged for another one while everybody goes on asking. */

import type { Clock, DigestSecret, Directory, DirectoryAnswer, Log, Looked, Person } from "../gateway/sides";

export class ReplaceableDirectory implements Directory {
  readonly #clock: Pick<Clock, "after">;
  readonly #log: Log;
  #present: Directory;

  constructor(first: Directory, deps: { readonly clock: Pick<Clock, "after">; readonly log: Log }) {
    this.#present = first;
    this.#clock = deps.clock;
    this.#log = deps.log;
  }

  /** From now on the next one is asked, with an empty memory. The former one is stopped when its last answers are given. */
  replace(next: Directory): void {
    const former = this.#present;
    this.#present = next;
    this.#clock.after(LAST_ANSWERS_MS, () => {
      former
        .stop()
        .catch((error: Error) =>
          this.#log.warn({ error: error.message }, "former directory could not be stopped"),
        );
    });
  }

  bySip(uri: string): Looked<Person> {
    return this.#present.bySip(uri);
  }

  byJid(jid: string): Looked<Person> {
    return this.#present.byJid(jid);
  }

  secretOf(username: string, realm: string, isFresh?: boolean): Looked<DigestSecret> {
    return this.#present.secretOf(username, realm, isFresh);
  }

  search(words: string, limit: number): Promise<DirectoryAnswer<readonly Person[]>> {
    return this.#present.search(words, limit);
  }

  stop(): Promise<void> {
    return this.#present.stop();
  }
}

/** Longer than any time limit of a query that is set by default. */
const LAST_ANSWERS_MS = 15_000;
