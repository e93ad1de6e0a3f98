/** The table of typing notifications: what an event means in each state. RFC 3994 §3, §4; XEP-0085 §5; RFC 7573 §6. */

/**
 * quiet: nobody has written a message yet, so nothing is told; idle; active: writing;
 * stopped: the SIP side said 415 once (RFC 3994 §4).
 */
export type ComposingState = "quiet" | "idle" | "active" | "stopped";

/** Events as the table names them. "active" of XEP-0085 is `present` here: RFC 3994 calls the opposite so. */
export const SIP_EVENTS = ["active", "idle", "content", "reply", "idle-due"] as const;
export const XMPP_EVENTS = [
  ...(["composing", "present", "paused", "inactive", "gone", "content", "reply", "refused"] as const),
  ...(["refresh-due", "idle-due"] as const),
] as const;
export type TableEvent = (typeof SIP_EVENTS)[number] | (typeof XMPP_EVENTS)[number];

export type Action =
  /** Nothing is told, on purpose. */
  | "ignore"
  | "tell-composing"
  | "tell-active"
  /** Still writing: the deadline moves, a repeated state is not told (XEP-0085 §5.3). */
  | "extend"
  | "send-active"
  | "send-refresh"
  | "send-idle";

export interface ComposingRow {
  readonly next: ComposingState;
  readonly action: Action;
  /** Where it is written, or why it is ignored. */
  readonly rule: string;
}

/** The row for an event; there is one for each pair. */
export function composingRow(
  composer: "sip" | "xmpp",
  state: ComposingState,
  event: TableEvent,
): ComposingRow {
  const row = TABLE[composer].get(state)?.get(event);
  if (row === undefined) throw new Error(`no row for ${composer} ${state} ${event}`); // A test walks all of them.
  return row;
}

type Rows = readonly [
  composer: "sip" | "xmpp",
  state: ComposingState,
  events: readonly TableEvent[],
  next: ComposingState,
  action: Action,
  /** Where it is written, or why it is ignored. */
  rule: string,
];

type StateTable = Map<ComposingState, Map<TableEvent, ComposingRow>>;

/** One entry for each event of each row; two for the same are a mistake of ours. */
function tableOf(rows: readonly Rows[]): Readonly<Record<"sip" | "xmpp", StateTable>> {
  const table = { sip: new Map() as StateTable, xmpp: new Map() as StateTable };
  for (const [composer, state, events, next, action, rule] of rows) {
    const row = table[composer].get(state) ?? new Map<TableEvent, ComposingRow>();
    table[composer].set(state, row);
    for (const event of events) {
      if (row.has(event)) throw new Error(`two rows for ${composer} ${state} ${event}`);
      row.set(event, { next, action, rule });
    }
  }
  return table;
}

const AT_REST = ["present", "paused", "inactive"] as const;

const TABLE = tableOf([
  ["sip", "quiet", ["active", "idle"], "quiet", "ignore", "XEP-0085 §5.1: nothing before the first message"],
  ["sip", "quiet", ["content", "reply"], "idle", "ignore", "the conversation begins"],
  ["sip", "quiet", ["idle-due"], "quiet", "ignore", "no deadline in this state"],
  ["sip", "idle", ["active"], "active", "tell-composing", "RFC 7573 §6 Table 3"],
  ["sip", "idle", ["idle", "content", "reply", "idle-due"], "idle", "ignore", "XEP-0085 §5.3: no repeats"],
  ["sip", "active", ["active"], "active", "extend", "RFC 3994 §3.3: a refresh; XEP-0085 §5.3: not repeated"],
  ["sip", "active", ["idle"], "idle", "tell-active", "RFC 7573 §6 Table 3"],
  ["sip", "active", ["content"], "idle", "ignore", "RFC 3994 §3.3: the message says it"],
  ["sip", "active", ["reply"], "active", "ignore", "the other one writes"],
  ["sip", "active", ["idle-due"], "idle", "tell-active", "RFC 3994 §3.3: the refresh interval expires"],
  [
    "xmpp",
    "quiet",
    ["composing", ...AT_REST, "gone"],
    "quiet",
    "ignore",
    "RFC 3994: only in reply to a message",
  ],
  ["xmpp", "quiet", ["content", "reply"], "idle", "ignore", "the conversation begins"],
  ["xmpp", "quiet", ["refused"], "stopped", "ignore", "RFC 3994 §4"],
  ["xmpp", "quiet", ["refresh-due", "idle-due"], "quiet", "ignore", "no deadline in this state"],
  ["xmpp", "idle", ["composing"], "active", "send-active", "RFC 7573 §6 Table 4"],
  ["xmpp", "idle", AT_REST, "idle", "ignore", "idle already"],
  ["xmpp", "idle", ["gone"], "quiet", "ignore", "RFC 7573 §6.1: the conversation is over"],
  ["xmpp", "idle", ["content", "reply"], "idle", "ignore", "no change"],
  ["xmpp", "idle", ["refused"], "stopped", "ignore", "RFC 3994 §4"],
  ["xmpp", "idle", ["refresh-due", "idle-due"], "idle", "ignore", "no deadline in this state"],
  ["xmpp", "active", ["composing"], "active", "extend", "still writing"],
  ["xmpp", "active", AT_REST, "idle", "send-idle", "RFC 7573 §6 Table 4"],
  ["xmpp", "active", ["gone"], "quiet", "send-idle", "who is gone does not write"],
  ["xmpp", "active", ["content"], "idle", "ignore", "RFC 3994 §3.2: the message says it"],
  ["xmpp", "active", ["reply"], "active", "ignore", "the other one writes"],
  ["xmpp", "active", ["refused"], "stopped", "ignore", "RFC 3994 §4"],
  ["xmpp", "active", ["refresh-due"], "active", "send-refresh", "RFC 3994 §3.2"],
  ["xmpp", "active", ["idle-due"], "idle", "send-idle", "our bound on a composing that nobody ended"],
  ["xmpp", "stopped", XMPP_EVENTS, "stopped", "ignore", "RFC 3994 §4: MUST cease"],
]);
