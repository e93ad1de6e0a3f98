/** Ad-hoc commands as elements: what is asked, what is answered. XEP-0050 §4. */

import { children, type Element, element } from "../../xml/element";
import type { Submission } from "../forms/form";
import { readSubmission } from "../forms/read-form";
import { DATA_FORMS, formElement, tableElement } from "../forms/write-form";
import type { CommandCondition, Refusal } from "./answer";
import { SERVICE } from "./namespaces";
import type { Note, Page } from "./page";

export type Action = "execute" | "next" | "prev" | "complete" | "cancel";

export interface CommandRequest {
  readonly node: string;
  readonly action: Action;
  readonly sessionId?: string;
  /** Absent: no form came with it. */
  readonly submission?: Submission;
}

/** Reads `<command/>`; a refusal of §4.4 for one that cannot be understood. */
export function readCommand(command: Element): CommandRequest | Refusal {
  const { node, action = "execute", sessionid } = command.attrs;
  const known = ACTIONS.find((one) => one === action);
  if (node === undefined || node === "") return ITEM_NOT_FOUND;
  if (known === undefined) return commandRefusal("malformed-action");
  const forms = children(command, DATA_FORMS, "x");
  const [x] = forms;
  const submission = x === undefined ? undefined : readSubmission(x);
  if (forms.length > 1 || (x !== undefined && submission === undefined)) return commandRefusal("bad-payload");
  return {
    node,
    action: known,
    ...(sessionid === undefined ? {} : { sessionId: sessionid }),
    ...(submission === undefined ? {} : { submission }),
  };
}

/** Where a page stands. */
export interface Place {
  readonly node: string;
  readonly sessionId: string;
  readonly canGoBack: boolean;
}

/** A page as the answer to a command. */
export function pageElement(page: Page, { node, sessionId, canGoBack }: Place): Element {
  const notes = (page.notes ?? []).map(noteElement);
  if (page.kind === "done") {
    const table = page.table && tableElement(page.table);
    return commandElement(node, sessionId, "completed", table, ...notes);
  }
  const actions = element(
    SERVICE.commands,
    "actions",
    { execute: page.forward[0] },
    canGoBack ? element(SERVICE.commands, "prev") : undefined,
    ...ORDER.filter((way) => page.forward.includes(way)).map((way) => element(SERVICE.commands, way)),
  );
  return commandElement(node, sessionId, "executing", actions, formElement(page.form), ...notes);
}

/** The answer to a cancelled command (§3.5). */
export function cancelledElement(node: string, sessionId: string): Element {
  return commandElement(node, sessionId, "canceled");
}

/** An error of §4.4. */
export function commandRefusal(command: CommandCondition): Refusal {
  const text = TEXTS[command];
  return command === "session-expired"
    ? { type: "cancel", condition: "not-allowed", command, text }
    : { type: "modify", condition: "bad-request", command, text };
}

/** Nothing of ours has this node (§4.4). */
export const ITEM_NOT_FOUND: Refusal = {
  type: "cancel",
  condition: "item-not-found",
  text: "There is no such command.",
};

/** The command is not for whoever asks (§4.4). */
export const FORBIDDEN: Refusal = {
  type: "cancel",
  condition: "forbidden",
  text: "This command is not for you.",
};

function commandElement(
  node: string,
  sessionid: string,
  status: string,
  ...content: readonly (Element | undefined)[]
): Element {
  return element(SERVICE.commands, "command", { node, sessionid, status, "xml:lang": "en" }, ...content);
}

function noteElement({ type, text }: Note): Element {
  return element(SERVICE.commands, "note", { type }, text);
}

const ACTIONS: readonly Action[] = ["execute", "next", "prev", "complete", "cancel"];
/** The order of the schema (§10). */
const ORDER = ["next", "complete"] as const;
const TEXTS: Readonly<Record<CommandCondition, string>> = {
  "malformed-action": "This action is not known.",
  "bad-action": "This action cannot be taken here.",
  "bad-payload": "The form cannot be read.",
  "bad-sessionid": "There is no such session.",
  "session-expired": "This session is over. Please begin anew.",
};
