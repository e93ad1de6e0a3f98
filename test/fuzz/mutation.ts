/** Real documents with octets changed, removed, repeated, spliced and with words of the trade put in; and a stop-watch. */

/** Same seed, same numbers (xorshift32): a failure can be repeated. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 1;
  }

  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }
}

/** One document of the corpus with one to six changes. */
export function mutated(corpus: readonly Buffer[], words: readonly string[], chance: Chance): Buffer {
  let bytes: Buffer = Buffer.from(chance.pick(corpus));
  for (let changes = 1 + chance.below(6); changes > 0; changes -= 1)
    bytes = changed(bytes, corpus, words, chance);
  return bytes;
}

function changed(bytes: Buffer, corpus: readonly Buffer[], words: readonly string[], chance: Chance): Buffer {
  const at = chance.below(bytes.length + 1);
  const to = Math.min(bytes.length, at + 1 + chance.below(20));
  switch (chance.below(7)) {
    case 0:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([chance.below(256)]), bytes.subarray(at + 1)]);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)]);
    case 2:
      return Buffer.concat([
        bytes.subarray(0, to),
        ...Array<Buffer>(1 + chance.below(30)).fill(bytes.subarray(at)),
      ]).subarray(0, 100_000);
    case 3: {
      const other = chance.pick(corpus);
      return Buffer.concat([bytes.subarray(0, at), other.subarray(chance.below(other.length))]);
    }
    case 4:
      return bytes.subarray(0, at);
    default:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(chance.pick(words)), bytes.subarray(at)]);
  }
}

/** Far above anything linear at these sizes, on any machine. */
const HARD_BOUND_MS = 1_000;

const SUSPICIOUS_MS = 10;

/** Times each call, keeps the worst, and fails on one that no linear reader needs. */
export class StopWatch {
  #worst = 0;
  #worstLength = 0;

  time<T>(length: number, work: () => T): T {
    const start = performance.now();
    const result = work();
    let took = performance.now() - start;
    if (took > SUSPICIOUS_MS) {
      // Once more: the first time may have been a busy machine's.
      const again = performance.now();
      work();
      took = Math.min(took, performance.now() - again);
    }
    if (took > this.#worst) {
      this.#worst = took;
      this.#worstLength = length;
    }
    if (took > HARD_BOUND_MS) throw new Error(`${took} ms for ${length} octets`);
    return result;
  }

  report(what: string, more: unknown): void {
    const worst = `worst ${this.#worst.toFixed(1)} ms for ${this.#worstLength} octets`;
    process.stdout.write(`${what}: ${worst}; ${JSON.stringify(more)}\n`);
  }
}
