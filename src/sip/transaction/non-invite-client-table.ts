/** The non-INVITE client transaction as a table. RFC 3261 §17.1.2.2, Figure 6. */

import { type StateRow, stateTable } from "./state-table";

export type ClientState = "trying" | "proceeding" | "terminated";
export type ClientEvent = "1xx" | "final" | "timer-e" | "timer-f" | "transport-error";
export type ClientAction =
  | "send"
  | "double-e"
  | "e-is-t2"
  | "pass-up"
  | "tell-timeout"
  | "tell-transport-error";

/**
 * There is no Completed state: Timer K only absorbs copies of a final answer that was already passed up, and a copy
 * that matches nothing is dropped and counted just the same (§18.1.2), so nothing needs to stay.
 */
export const CLIENT_ROWS: readonly StateRow<ClientState, ClientEvent, ClientAction>[] = [
  row("trying", "1xx", "proceeding", [], "§17.1.2.2: Timer E runs on and becomes T2 when it fires"),
  row("trying", "final", "terminated", ["pass-up"], "§17.1.2.2"),
  row("trying", "timer-e", "trying", ["send", "double-e"], "§17.1.2.2: doubles up to T2"),
  row("trying", "timer-f", "terminated", ["tell-timeout"], "§17.1.2.2"),
  row("trying", "transport-error", "terminated", ["tell-transport-error"], "§17.1.4"),
  row(
    "proceeding",
    "1xx",
    "proceeding",
    [],
    "§17.1.2.2: nobody above waits for provisional answers (RFC 4320 §4.1)",
  ),
  row("proceeding", "final", "terminated", ["pass-up"], "§17.1.2.2"),
  row("proceeding", "timer-e", "proceeding", ["send", "e-is-t2"], "§17.1.2.2"),
  row("proceeding", "timer-f", "terminated", ["tell-timeout"], "§17.1.2.2"),
  row("proceeding", "transport-error", "terminated", ["tell-transport-error"], "§17.1.4"),
  row("terminated", "1xx", "terminated", [], "§17.1.2.2: destroyed; ignored"),
  row("terminated", "final", "terminated", [], "§17.1.2.2: destroyed; ignored"),
  row("terminated", "timer-e", "terminated", [], "§17.1.2.2: destroyed; ignored"),
  row("terminated", "timer-f", "terminated", [], "§17.1.2.2: destroyed; ignored"),
  row("terminated", "transport-error", "terminated", [], "§17.1.2.2: destroyed; ignored"),
];

export const CLIENT_STATES = ["trying", "proceeding", "terminated"] as const;
export const CLIENT_EVENTS = ["1xx", "final", "timer-e", "timer-f", "transport-error"] as const;
export const CLIENT_TABLE = stateTable<ClientState, ClientEvent, ClientAction>(
  CLIENT_STATES,
  CLIENT_EVENTS,
  CLIENT_ROWS,
);

function row(
  state: ClientState,
  event: ClientEvent,
  next: ClientState,
  actions: readonly ClientAction[],
  rule: string,
): StateRow<ClientState, ClientEvent, ClientAction> {
  return { state, event, next, actions, rule };
}
