/** What one subscriber has been told and what not yet, where a NOTIFY may tell a part. RFC 4662 §5.2, RFC 3858 §3. */

export class PartialState<Item> {
  #last: number | undefined;
  #isFull = true;
  readonly #changed = new Map<string, Item>();

  /** @param isNew the subscription begins; otherwise an earlier life of ours has told something already */
  constructor(isNew: boolean) {
    this.#last = isNew ? -1 : undefined;
  }

  /** Must the next NOTIFY tell everything? */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** After a SUBSCRIBE, or a NOTIFY that may not have arrived. */
  tellAll(): void {
    this.#isFull = true;
    this.#changed.clear();
  }

  /** To be told with the next NOTIFY, unless that tells everything. */
  tell(id: string, item: Item): void {
    if (!this.#isFull) this.#changed.set(id, item);
  }

  get changed(): ReadonlyMap<string, Item> {
    return this.#changed;
  }

  /** A NOTIFY goes out. @param left what there was no room for: it comes with the next one */
  told(left: Iterable<readonly [id: string, item: Item]>): void {
    const remaining = [...left];
    this.#isFull = false;
    this.#changed.clear();
    for (const [id, item] of remaining) this.#changed.set(id, item);
  }

  /**
   * The version of the next document: one more than the last. What an earlier life gave is forgotten, but each of its
   * NOTIFYs took a CSeq number at least: this one's is beyond them all.
   */
  nextVersion(cseq: number): number {
    this.#last = this.#last === undefined ? cseq : this.#last + 1;
    return this.#last;
  }
}
