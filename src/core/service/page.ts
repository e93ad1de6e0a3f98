/** What a command shows next: a form to be filled in, or how it ended. XEP-0050 §3.4, §4. */

import type { Form, Submission, Table } from "../forms/form";

export interface Note {
  readonly type: "info" | "warn" | "error";
  readonly text: string;
}

export type Forward = "next" | "complete";

export type Page = FormPage | DonePage;

export interface FormPage {
  readonly kind: "form";
  readonly form: Form;
  /** How one may go on; the first is what `execute` means (§3.4: `next` unless it says otherwise). */
  readonly forward: readonly [Forward, ...Forward[]];
  /** A command whose last word is an effect says here what went wrong, and asks again. */
  readonly notes?: readonly Note[];
  /** @param values checked against the form */
  submit(values: Submission, by: Forward): Page | Promise<Page>;
}

export interface DonePage {
  readonly kind: "done";
  readonly table?: Table;
  /** One that failed has at least one of type error (§3.7). */
  readonly notes: readonly Note[];
}

/** A command that ended with one sentence. */
export function done(text: string, type: Note["type"] = "info"): DonePage {
  return { kind: "done", notes: [{ type, text }] };
}

/** The same form once more, with what was wrong. */
export function again(page: FormPage, text: string): FormPage {
  return { ...page, notes: [{ type: "error", text }] };
}
