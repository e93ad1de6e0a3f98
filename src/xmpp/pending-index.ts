/** Stanzas under way to one domain by their id, to find the one that an error bounces. RFC 6120 §8.1.3: ids are the sender's own affair. */

import { TransientMap } from "../core/transient-map";

/** What the index keeps in the entry itself. */
interface Indexed<Entry> {
  sameId: Entry | undefined;
  isIndexed: boolean;
}

export class PendingIndex<Pending extends Indexed<Pending>> {
  readonly #byId = new TransientMap<string, Pending>();

  /** Ids that XMPP people chose may meet; then they stand in line. */
  add(id: string, pending: Pending): void {
    pending.isIndexed = true;
    let last = this.#byId.get(id);
    if (last === undefined) {
      this.#byId.set(id, pending);
      return;
    }
    while (last.sameId !== undefined) last = last.sameId;
    last.sameId = pending;
  }

  /** The oldest one with this id. */
  find(id: string): Pending | undefined {
    return this.#byId.get(id);
  }

  remove(id: string, pending: Pending): void {
    const first = this.#byId.get(id);
    if (first === pending) {
      if (pending.sameId === undefined) this.#byId.delete(id);
      else this.#byId.set(id, pending.sameId);
      return;
    }
    for (let before = first; before !== undefined; before = before.sameId) {
      if (before.sameId === pending) before.sameId = pending.sameId;
    }
  }
}
