/** Header fields in order, looked up without regard to case or compact form. RFC 3261 §7.3, §7.3.3, §20. */

/** One header field: its canonical long name (`Via`, `Call-ID`) and its value, unfolded and trimmed. */
export type HeaderField = readonly [name: string, value: string];

export class HeaderList {
  readonly #fields: HeaderField[];

  constructor(fields: readonly HeaderField[] = []) {
    this.#fields = fields as HeaderField[];
  }

  /** The first value of this header; `name` must be in canonical form (see `canonicalName`). */
  get(name: string): string | undefined {
    for (const field of this.#fields) if (field[0] === name) return field[1];
    return undefined;
  }

  /** Every field value with this name, in order; comma-joined values are not split (see `splitValues`). */
  getAll(name: string): string[] {
    const values: string[] = [];
    for (const field of this.#fields) if (field[0] === name) values.push(field[1]);
    return values;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  get fields(): readonly HeaderField[] {
    return this.#fields;
  }

  /** A list with the field added at the end. */
  with(name: string, value: string): HeaderList {
    return new HeaderList([...this.#fields, [name, value]]);
  }

  /** A list with the field added in front: Via goes there. */
  withFirst(name: string, value: string): HeaderList {
    return new HeaderList([[name, value], ...this.#fields]);
  }

  /** A list in which this is the only field of that name, in the place of the first. */
  replacing(name: string, value: string): HeaderList {
    const at = this.#fields.findIndex((field) => field[0] === name);
    if (at < 0) return this.with(name, value);
    const fields = this.#fields.filter((field, index) => field[0] !== name || index === at);
    fields[fields.findIndex((field) => field[0] === name)] = [name, value];
    return new HeaderList(fields);
  }

  without(name: string): HeaderList {
    return new HeaderList(this.#fields.filter((field) => field[0] !== name));
  }
}
