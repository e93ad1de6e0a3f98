/** Transaction machines as tables: every state × event has exactly one row, "ignored" is a row too. RFC 3261 §17, architecture E7, E8. */

export interface StateRow<State extends string, Event extends string, Action extends string> {
  readonly state: State;
  readonly event: Event;
  readonly next: State;
  readonly actions: readonly Action[];
  /** The section that says so, and for a row without actions why nothing happens. */
  readonly rule: string;
}

export type StateTable<State extends string, Event extends string, Action extends string> = Readonly<
  Record<State, Readonly<Record<Event, StateRow<State, Event, Action>>>>
>;

/**
 * Builds the lookup.
 * @throws when a cell comes twice or is missing: that is our own mistake, found at load
 */
export function stateTable<State extends string, Event extends string, Action extends string>(
  states: readonly State[],
  events: readonly Event[],
  rows: readonly StateRow<State, Event, Action>[],
): StateTable<State, Event, Action> {
  const table = {} as Record<State, Record<Event, StateRow<State, Event, Action>>>;
  for (const state of states) table[state] = {} as Record<Event, StateRow<State, Event, Action>>;
  for (const row of rows) {
    if (table[row.state][row.event]) throw new Error(`two rows for ${row.state} × ${row.event}`);
    table[row.state][row.event] = row;
  }
  for (const state of states) {
    for (const event of events) if (!table[state][event]) throw new Error(`no row for ${state} × ${event}`);
  }
  return table;
}
