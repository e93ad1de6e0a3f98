/** The non-INVITE server transaction as a table. RFC 3261 §17.2.2, Figure 8; RFC 4320 §4.1, §4.2. */

import { type StateRow, stateTable } from "./state-table";

export type ServerState = "trying" | "proceeding" | "completed" | "terminated";
export type ServerEvent = "request" | "timer-100" | "answer" | "timer-f" | "timer-j";
export type ServerAction = "send-100" | "send-answer" | "repeat-100" | "repeat-answer" | "give-up" | "forget";

/**
 * `timer-100` is the time after which the client's Timer E has reached T2 (RFC 4320 §4.1), `timer-f` the end of the
 * client's patience, after which no final answer is of use and none may be sent (RFC 4320 §4.2).
 */
export const SERVER_ROWS: readonly StateRow<ServerState, ServerEvent, ServerAction>[] = [
  row("trying", "request", "trying", [], "RFC 3261 §17.2.2: a retransmission, discarded"),
  row("trying", "timer-100", "proceeding", ["send-100"], "RFC 4320 §4.1"),
  row("trying", "answer", "completed", ["send-answer"], "RFC 3261 §17.2.2"),
  row("trying", "timer-f", "terminated", ["give-up"], "RFC 4320 §4.2: no 408, no late answer"),
  row("trying", "timer-j", "trying", [], "RFC 3261 §17.2.2: not started yet; ignored"),
  row("proceeding", "request", "proceeding", ["repeat-100"], "RFC 3261 §17.2.2"),
  row("proceeding", "timer-100", "proceeding", [], "RFC 4320 §4.1: sent once; ignored"),
  row("proceeding", "answer", "completed", ["send-answer"], "RFC 3261 §17.2.2"),
  row("proceeding", "timer-f", "terminated", ["give-up"], "RFC 4320 §4.2: no 408, no late answer"),
  row("proceeding", "timer-j", "proceeding", [], "RFC 3261 §17.2.2: not started yet; ignored"),
  row("completed", "request", "completed", ["repeat-answer"], "RFC 3261 §17.2.2"),
  row("completed", "timer-100", "completed", [], "RFC 4320 §4.1: answered; ignored"),
  row("completed", "answer", "completed", [], "RFC 3261 §17.2.2: any other final answer is discarded"),
  row("completed", "timer-f", "completed", [], "RFC 4320 §4.2: answered in time; ignored"),
  row("completed", "timer-j", "terminated", ["forget"], "RFC 3261 §17.2.2"),
  row("terminated", "request", "terminated", [], "RFC 3261 §17.2.2: destroyed; the request is a new one"),
  row("terminated", "timer-100", "terminated", [], "RFC 3261 §17.2.2: destroyed; ignored"),
  row("terminated", "answer", "terminated", [], "RFC 4320 §4.2: late, not sent"),
  row("terminated", "timer-f", "terminated", [], "RFC 3261 §17.2.2: destroyed; ignored"),
  row("terminated", "timer-j", "terminated", [], "RFC 3261 §17.2.2: destroyed; ignored"),
];

export const SERVER_STATES = ["trying", "proceeding", "completed", "terminated"] as const;
export const SERVER_EVENTS = ["request", "timer-100", "answer", "timer-f", "timer-j"] as const;
export const SERVER_TABLE = stateTable<ServerState, ServerEvent, ServerAction>(
  SERVER_STATES,
  SERVER_EVENTS,
  SERVER_ROWS,
);

function row(
  state: ServerState,
  event: ServerEvent,
  next: ServerState,
  actions: readonly ServerAction[],
  rule: string,
): StateRow<ServerState, ServerEvent, ServerAction> {
  return { state, event, next, actions, rule };
}
