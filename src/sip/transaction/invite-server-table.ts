/** The INVITE server transaction after a refusal, as a table. RFC 3261 §17.2.1, Figure 7 (as RFC 6026 §8.7 redraws it). */

import { type StateRow, stateTable } from "./state-table";

/** Proceeding and Accepted (RFC 6026 §7.1) come with the first INVITE that is not refused at once. */
export type InviteState = "completed" | "confirmed" | "terminated";
export type InviteEvent = "invite" | "ack" | "timer-g" | "timer-h" | "timer-i";
export type InviteAction = "send-answer" | "double-g" | "stop-g" | "start-i" | "count-no-ack" | "forget";

export const INVITE_ROWS: readonly StateRow<InviteState, InviteEvent, InviteAction>[] = [
  row("completed", "invite", "completed", ["send-answer"], "RFC 3261 §17.2.1"),
  row("completed", "ack", "confirmed", ["stop-g", "start-i"], "RFC 3261 §17.2.1"),
  row("completed", "timer-g", "completed", ["send-answer", "double-g"], "RFC 3261 §17.2.1"),
  row("completed", "timer-h", "terminated", ["count-no-ack", "forget"], "RFC 3261 §17.2.1"),
  row("completed", "timer-i", "completed", [], "RFC 3261 §17.2.1: not started yet; ignored"),
  row("confirmed", "invite", "confirmed", [], "RFC 3261 §17.2.1: an old copy; absorbed"),
  row("confirmed", "ack", "confirmed", [], "RFC 3261 §17.2.1: what the state is for; absorbed"),
  row("confirmed", "timer-g", "confirmed", [], "RFC 3261 §17.2.1: stopped; ignored"),
  row("confirmed", "timer-h", "confirmed", [], "RFC 3261 §17.2.1: the ACK came; ignored"),
  row("confirmed", "timer-i", "terminated", ["forget"], "RFC 3261 §17.2.1"),
  row("terminated", "invite", "terminated", [], "RFC 3261 §17.2.1: destroyed; the request is a new one"),
  row("terminated", "ack", "terminated", [], "RFC 3261 §17.2.1: destroyed; an ACK is never answered"),
  row("terminated", "timer-g", "terminated", [], "RFC 3261 §17.2.1: destroyed; ignored"),
  row("terminated", "timer-h", "terminated", [], "RFC 3261 §17.2.1: destroyed; ignored"),
  row("terminated", "timer-i", "terminated", [], "RFC 3261 §17.2.1: destroyed; ignored"),
];

export const INVITE_STATES = ["completed", "confirmed", "terminated"] as const;
export const INVITE_EVENTS = ["invite", "ack", "timer-g", "timer-h", "timer-i"] as const;
export const INVITE_TABLE = stateTable<InviteState, InviteEvent, InviteAction>(
  INVITE_STATES,
  INVITE_EVENTS,
  INVITE_ROWS,
);

function row(
  state: InviteState,
  event: InviteEvent,
  next: InviteState,
  actions: readonly InviteAction[],
  rule: string,
): StateRow<InviteState, InviteEvent, InviteAction> {
  return { state, event, next, actions, rule };
}
