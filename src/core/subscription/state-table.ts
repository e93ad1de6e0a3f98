/** Subscription machines as tables: every state × event has exactly one row, "ignored" is a row too. Architecture E7, E8. */

/** "same" stays in the state, whichever it is. */
export type Next<State extends string> = State | "same";

/** One line of a table: the same for each of these states and events. */
export interface TableLine<State extends string, Event extends string, Action extends string> {
  readonly states: readonly State[];
  readonly events: readonly Event[];
  readonly next: Next<State>;
  readonly actions: readonly Action[];
  /** The section that says so, and for a line without actions why nothing happens. */
  readonly rule: string;
}

export interface Cell<State extends string, Action extends string> {
  readonly next: State;
  readonly actions: readonly Action[];
  readonly rule: string;
}

export type StateTable<State extends string, Event extends string, Action extends string> = Readonly<
  Record<State, Readonly<Record<Event, Cell<State, Action>>>>
>;

/**
 * Builds the lookup.
 * @throws when a cell comes twice or is missing: that is our own mistake, found at load
 */
export function stateTable<State extends string, Event extends string, Action extends string>(
  states: readonly State[],
  events: readonly Event[],
  lines: readonly TableLine<State, Event, Action>[],
): StateTable<State, Event, Action> {
  const table = {} as Record<State, Record<Event, Cell<State, Action>>>;
  for (const state of states) table[state] = {} as Record<Event, Cell<State, Action>>;
  for (const line of lines) {
    for (const state of line.states) for (const event of line.events) place(table[state], state, event, line);
  }
  for (const state of states) {
    for (const event of events) if (!table[state][event]) throw new Error(`no row for ${state} × ${event}`);
  }
  return table;
}

function place<State extends string, Event extends string, Action extends string>(
  cells: Record<Event, Cell<State, Action>>,
  state: State,
  event: Event,
  { next, actions, rule }: TableLine<State, Event, Action>,
): void {
  if (cells[event]) throw new Error(`two rows for ${state} × ${event}`);
  cells[event] = { next: next === "same" ? state : next, actions, rule };
}
