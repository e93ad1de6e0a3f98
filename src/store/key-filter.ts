/** Says of most names that were never given that they were not, without asking the disk: a Bloom filter with one hash. */

/** A mebibyte: of a million names that are not there, one in eight is looked up all the same; of 100,000, one in eighty. */
const BITS = 2 ** 23;

/** Names are only added: one that has gone costs a look-up, until the next start. */
export class KeyFilter {
  readonly #bits = new Uint8Array(BITS / 8);

  add(name: string): void {
    const hash = hashOf(name);
    this.#bits[hash >>> 3] = (this.#bits[hash >>> 3] as number) | (1 << (hash & 7));
  }

  /** False: it was never added. */
  mayHave(name: string): boolean {
    const hash = hashOf(name);
    return ((this.#bits[hash >>> 3] as number) & (1 << (hash & 7))) !== 0;
  }
}

/** FNV-1a over UTF-16 units, folded. Whoever picks names that collide makes us look them up, as we did without this. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return ((hash >>> 23) ^ hash) & (BITS - 1);
}
