/** Stanzas under way by their id, to find the one that an error bounces. RFC 6120 §8.1.3: ids are the sender's own affair. */

import { TransientMap } from "../core/transient-map";
import type { Pending } from "./proof-lane";

export class PendingIndex {
  readonly #byId = new TransientMap<string, Pending>();

  /** Ids that XMPP people chose may meet; then they stand in line. */
  add(id: string, pending: Pending): void {
    let last = this.#byId.get(id);
    if (last === undefined) {
      this.#byId.set(id, pending);
      return;
    }
    while (last.sameId !== undefined) last = last.sameId;
    last.sameId = pending;
  }

  /** The oldest one with this id that went to this domain. */
  find(id: string, domain: string): Pending | undefined {
    let pending = this.#byId.get(id);
    while (pending !== undefined && pending.lane.domain !== domain) pending = pending.sameId;
    return pending;
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
