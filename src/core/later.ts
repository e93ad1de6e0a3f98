/** One value that comes later, for the paths that every message takes. */

/**
 * Tells its value to its listener, in the moment in which it comes. A promise costs three objects and two turns of a queue
 * at each step, which under load is a tenth of a gateway's time; who has time for one may `await` this as well.
 */
export class Later<Value> implements PromiseLike<Value> {
  #value: Value | undefined;
  #isThere = false;
  #listener: ((value: Value) => void) | undefined;

  /** Gives the value; the first one counts. */
  settle(value: Value): void {
    if (this.#isThere) return;
    this.#isThere = true;
    this.#value = value;
    this.#listener?.(value);
    this.#listener = undefined;
  }

  /** @param listener called at once when the value is there. It must not throw: whoever settles has no use for it */
  tell(listener: (value: Value) => void): void {
    const earlier = this.#listener;
    if (this.#isThere) listener(this.#value as Value);
    else if (earlier === undefined) this.#listener = listener;
    else {
      this.#listener = (value) => {
        earlier(value);
        listener(value);
      };
    }
  }

  // biome-ignore lint/suspicious/noThenProperty: it can be awaited
  then<Result = Value, Failure = never>(
    onValue?: ((value: Value) => Result | PromiseLike<Result>) | null,
    onError?: ((reason: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Result | Failure> {
    return new Promise<Value>((resolve) => this.tell(resolve)).then(onValue, onError);
  }
}

/** Tells a value that comes now or later. @param onError for a promise that rejects; a `Later` never does */
export function whenThere<Value>(
  value: PromiseLike<Value>,
  listener: (value: Value) => void,
  onError?: (error: unknown) => void,
): void {
  if (value instanceof Later) value.tell(listener);
  else value.then(listener, onError);
}
