/** What somebody filled in, read within bounds, and held against the form that was asked. XEP-0004 §3.2, §3.3. */

import { children, type Element, text } from "../../xml/element";
import type { Field, Form, Submission } from "./form";
import { DATA_FORMS } from "./write-form";

/**
 * Reads a submitted form. Undefined: it is no submission, names a field twice, or is larger than any form of ours
 * could be.
 * @param x an element `{jabber:x:data}x`
 */
export function readSubmission(x: Element): Submission | undefined {
  // XEP-0050 §3.6.1: a cancelled form counts as a submitted one.
  if (x.attrs.type !== "submit" && x.attrs.type !== "cancel") return undefined;
  const fields = children(x, DATA_FORMS, "field");
  if (fields.length > MAXIMUM_FIELDS) return undefined;
  const submission = new Map<string, readonly string[]>();
  let characters = 0;
  let count = 0;
  for (const field of fields) {
    const name = field.attrs.var;
    const values = children(field, DATA_FORMS, "value").map(text);
    count += values.length;
    for (const value of values) characters += value.length;
    if (count > MAXIMUM_VALUES || characters > MAXIMUM_CHARACTERS) return undefined;
    if (name === undefined) continue;
    if (submission.has(name)) return undefined;
    submission.set(name, values);
  }
  return submission;
}

/**
 * Holds a submission against the form that was asked. Fields that the form does not have are left out.
 * @returns the values by field, or a sentence that says which field is wrong
 */
export function checkSubmission(
  form: Form,
  submission: Submission,
): { readonly ok: true; readonly values: Submission } | { readonly ok: false; readonly problem: string } {
  const values = new Map<string, readonly string[]>();
  for (const field of form.fields) {
    if (field.name === undefined || field.type === "fixed") continue;
    const given = (submission.get(field.name) ?? []).filter((value) => value !== "");
    const problem = problemOf(field, given);
    if (problem !== undefined) return { ok: false, problem: `${field.label ?? field.name}: ${problem}.` };
    values.set(field.name, given);
  }
  return { ok: true, values };
}

function problemOf({ type, isRequired, options }: Field, given: readonly string[]): string | undefined {
  if (isRequired === true && !given.some((value) => value.trim() !== "")) return "this must be filled in";
  if (!MANY.has(type) && given.length > 1) return "only one value can be given";
  if (type === "boolean" && given.some((value) => !BOOLEANS.has(value))) return "this is yes or no";
  if (options !== undefined && !given.every((value) => options.some((option) => option.value === value)))
    return "this is none of the choices";
  return undefined;
}

/** A boolean field as a truth value (§3.3: true and 1, false and 0). */
export function isYes(submission: Submission, name: string): boolean {
  const value = submission.get(name)?.[0];
  return value === "1" || value === "true";
}

const MANY: ReadonlySet<string> = new Set(["list-multi", "text-multi"]);
const BOOLEANS: ReadonlySet<string> = new Set(["0", "1", "false", "true"]);
/** Our longest form has some hundred choices, each of which is an address of at most 3071 characters. */
const MAXIMUM_FIELDS = 200;
const MAXIMUM_VALUES = 500;
const MAXIMUM_CHARACTERS = 256 * 1024;
