/** One turn of a command session: what an action means where the session stands. XEP-0050 §3.4, §3.5, §4.3. */

import type { Submission } from "../forms/form";
import { checkSubmission } from "../forms/read-form";
import type { Refusal } from "./answer";
import { type CommandRequest, commandRefusal } from "./command";
import type { FormPage, Forward } from "./page";

export type Turn =
  | { readonly kind: "cancel" }
  /** To the page before. */
  | { readonly kind: "back" }
  | { readonly kind: "forward"; readonly by: Forward; readonly values: Submission }
  /** The form was not filled in as it must be: it is shown again. */
  | { readonly kind: "again"; readonly problem: string }
  | { readonly kind: "refuse"; readonly refusal: Refusal };

/**
 * Decides about an action.
 * @param page the form that is shown
 * @param canGoBack is there a page before?
 */
export function turnOf(page: FormPage, canGoBack: boolean, { action, submission }: CommandRequest): Turn {
  switch (action) {
    case "cancel":
      return { kind: "cancel" };
    case "prev":
      return canGoBack ? { kind: "back" } : BAD_ACTION;
    case "execute":
      return forward(page, page.forward[0], submission);
    case "next":
    case "complete":
      return page.forward.includes(action) ? forward(page, action, submission) : BAD_ACTION;
  }
}

/** No form at all counts as one in which nothing was filled in. */
function forward(page: FormPage, by: Forward, submission: Submission = EMPTY): Turn {
  const checked = checkSubmission(page.form, submission);
  return checked.ok
    ? { kind: "forward", by, values: checked.values }
    : { kind: "again", problem: checked.problem };
}

const BAD_ACTION: Turn = { kind: "refuse", refusal: commandRefusal("bad-action") };
const EMPTY: Submission = new Map();
