/** Rows that one statement is to touch with the next group of writes, collected until then. */

import type { GroupCommit } from "./group-commit";

export class IdsOfGroup {
  readonly #commit: GroupCommit;
  readonly #write: (ids: readonly number[]) => void;
  #ids: number[] | undefined;

  /** @param write runs the statement, in the transaction of the group; nobody waits for it */
  constructor(commit: GroupCommit, write: (ids: readonly number[]) => void) {
    this.#commit = commit;
    this.#write = write;
  }

  add(id: number): void {
    if (this.#ids !== undefined) {
      this.#ids.push(id);
      return;
    }
    const ids = [id];
    this.#ids = ids;
    this.#commit.addLasting(() => {
      // Those that come from now on go with the next group, whatever becomes of this one.
      if (this.#ids === ids) this.#ids = undefined;
      this.#write(ids);
    });
  }
}
