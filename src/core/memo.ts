/** What was worked out for a text, kept for the next time: the same few thousand addresses stand in nearly all messages. */

import { copied } from "./copied";

/**
 * Answers from memory what `compute` found for the same text. Two generations, of which the older is dropped whole, keep
 * memory flat whoever asks for what; a text that is too long to be worth it is worked out each time.
 */
export class Memo<Value> {
  readonly #compute: (text: string) => Value;
  readonly #half: number;
  #young = new Map<string, Value>();
  #old: ReadonlyMap<string, Value> = new Map();

  /**
   * @param compute gives the same for the same text, and nothing that anybody changes afterwards
   * @param maximum texts remembered at most
   */
  constructor(compute: (text: string) => Value, maximum: number) {
    this.#compute = compute;
    this.#half = Math.ceil(maximum / 2);
  }

  of(text: string): Value {
    const young = this.#young.get(text);
    if (young !== undefined) return young;
    if (text.length > LONGEST) return this.#compute(text);
    const key = copied(text);
    const value = this.#old.get(key) ?? this.#compute(key);
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
    return value;
  }
}

/** Ordinary addresses have some thirty characters. */
const LONGEST = 256;
