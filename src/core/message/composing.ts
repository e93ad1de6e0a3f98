/**
 * Typing notifications in page mode: RFC 3994 §3.2, §3.3, §4 ↔ XEP-0085 §5, by RFC 7573 §6.
 * One record for each pair of people and each writer; the gateway keeps both timers as deadlines in it.
 */

import type { IsComposing } from "./is-composing";

/**
 * quiet: nobody has written a message yet, so nothing is told; idle; active: writing;
 * stopped: the SIP side said 415 once (RFC 3994 §4).
 */
export type ComposingState = "quiet" | "idle" | "active" | "stopped";

export interface ComposingRecord {
  /** The side of the person who writes. */
  readonly composer: "sip" | "xmpp";
  readonly state: ComposingState;
  /** When the SIP side must hear "active" again; milliseconds since 1970. */
  readonly refreshAt?: number;
  /** When silence means idle; milliseconds since 1970. */
  readonly idleAt?: number;
}

export type ChatState = "active" | "composing" | "gone" | "inactive" | "paused";

/** `content`: the writer has sent a message; `reply`: the other one has. */
export type SipComposingEvent =
  | { readonly kind: "active"; readonly refreshSeconds?: number }
  | { readonly kind: "idle" | "content" | "reply" };

/** `refused`: a notification of ours was answered 415. */
export type XmppComposingEvent = ChatState | "content" | "reply" | "refused";

export type ComposingEffect =
  /** Tell the XMPP user, in a message without a body. */
  | { readonly kind: "chat-state"; readonly state: "active" | "composing" }
  /** Tell the SIP user, in a MESSAGE of its own. */
  | { readonly kind: "is-composing"; readonly document: IsComposing };

export interface ComposingStep {
  readonly record: ComposingRecord;
  readonly effects: readonly ComposingEffect[];
}

/**
 * What the SIP user's typing, or a message of either, means for the XMPP user.
 * @param now milliseconds since 1970
 */
export function composingFromSip(
  record: ComposingRecord | undefined,
  event: SipComposingEvent,
  now: number,
): ComposingStep {
  const refreshSeconds = event.kind === "active" ? event.refreshSeconds : undefined;
  return step(record ?? { composer: "sip", state: "quiet" }, event.kind, now, refreshSeconds);
}

/** What the XMPP user's chat state, or a message of either, means for the SIP user. */
export function composingFromXmpp(
  record: ComposingRecord | undefined,
  event: XmppComposingEvent,
  now: number,
): ComposingStep {
  return step(
    record ?? { composer: "xmpp", state: "quiet" },
    event === "active" ? "present" : event,
    now,
    undefined,
  );
}

/** Lets the deadlines that have passed take effect; call it when `composingDeadline` has come. */
export function composingDue(record: ComposingRecord, now: number): ComposingStep {
  if (record.idleAt !== undefined && record.idleAt <= now) return step(record, "idle-due", now, undefined);
  if (record.refreshAt !== undefined && record.refreshAt <= now)
    return step(record, "refresh-due", now, undefined);
  return { record, effects: NOTHING };
}

/** The earliest time at which `composingDue` has something to do; undefined: never. */
export function composingDeadline({ refreshAt, idleAt }: ComposingRecord): number | undefined {
  if (refreshAt === undefined || idleAt === undefined) return refreshAt ?? idleAt;
  return Math.min(refreshAt, idleAt);
}

/** Events as the table names them. "active" of XEP-0085 is `present` here: RFC 3994 calls the opposite so. */
export const SIP_EVENTS = ["active", "idle", "content", "reply", "idle-due"] as const;
export const XMPP_EVENTS = [
  ...(["composing", "present", "paused", "inactive", "gone", "content", "reply", "refused"] as const),
  ...(["refresh-due", "idle-due"] as const),
] as const;
type TableEvent = (typeof SIP_EVENTS)[number] | (typeof XMPP_EVENTS)[number];

type Action =
  /** Nothing is told, on purpose. */
  | "ignore"
  | "tell-composing"
  | "tell-active"
  /** Still writing: the deadline moves, a repeated state is not told (XEP-0085 §5.3). */
  | "extend"
  | "send-active"
  | "send-refresh"
  | "send-idle";

interface Row {
  readonly next: ComposingState;
  readonly action: Action;
  /** Where it is written, or why it is ignored. */
  readonly rule: string;
}

function step(
  record: ComposingRecord,
  event: TableEvent,
  now: number,
  refreshSeconds: number | undefined,
): ComposingStep {
  const row = TABLE.get(key(record.composer, record.state, event));
  if (row === undefined) throw new Error(`no row for ${record.composer} ${record.state} ${event}`); // A test walks all.
  const { composer } = record;
  const timed = (refreshAt: number | undefined, idleAt: number): ComposingRecord =>
    refreshAt === undefined
      ? { composer, state: row.next, idleAt }
      : { composer, state: row.next, refreshAt, idleAt };
  switch (row.action) {
    case "ignore":
      return { record: row.next === record.state ? record : { composer, state: row.next }, effects: NOTHING };
    case "tell-composing":
      return { record: timed(undefined, now + silenceMs(refreshSeconds)), effects: TELL_COMPOSING };
    case "tell-active":
      return { record: { composer, state: row.next }, effects: TELL_ACTIVE };
    case "extend":
      if (composer === "sip")
        return { record: timed(undefined, now + silenceMs(refreshSeconds)), effects: NOTHING };
      return { record: timed(record.refreshAt, now + LONGEST_COMPOSING_MS), effects: NOTHING };
    case "send-active":
      return { record: timed(now + REFRESH_EVERY_MS, now + LONGEST_COMPOSING_MS), effects: SEND_ACTIVE };
    case "send-refresh":
      return { record: timed(now + REFRESH_EVERY_MS, record.idleAt ?? now), effects: SEND_ACTIVE };
    case "send-idle":
      return { record: { composer, state: row.next }, effects: SEND_IDLE };
  }
}

/** RFC 3994 §3.3: what the sender announced, else 120 seconds. */
function silenceMs(refreshSeconds: number | undefined): number {
  return Math.min(refreshSeconds ?? DEFAULT_REFRESH_SECONDS, LONGEST_REFRESH_SECONDS) * 1000;
}

const DEFAULT_REFRESH_SECONDS = 120;
/** A phone that crashed must not be seen writing all day. */
const LONGEST_REFRESH_SECONDS = 600;
/** What we announce (RFC 3994 §3.2: no shorter than 60), and how early we keep the word. */
const OUR_REFRESH_SECONDS = 90;
const REFRESH_EVERY_MS = 80_000;
/** XMPP clients do not repeat `composing`, and some crash before `paused`. */
const LONGEST_COMPOSING_MS = 300_000;

const NOTHING: readonly ComposingEffect[] = [];
const TELL_COMPOSING: readonly ComposingEffect[] = [{ kind: "chat-state", state: "composing" }];
const TELL_ACTIVE: readonly ComposingEffect[] = [{ kind: "chat-state", state: "active" }];
const SEND_ACTIVE: readonly ComposingEffect[] = [
  { kind: "is-composing", document: { state: "active", refreshSeconds: OUR_REFRESH_SECONDS } },
];
const SEND_IDLE: readonly ComposingEffect[] = [{ kind: "is-composing", document: { state: "idle" } }];

const TABLE = new Map<string, Row>();

function key(composer: "sip" | "xmpp", state: ComposingState, event: TableEvent): string {
  return `${composer} ${state} ${event}`;
}

/** Adds a row for each of the events; a row that is there already is a mistake of ours. */
function row(
  composer: "sip" | "xmpp",
  state: ComposingState,
  events: readonly TableEvent[],
  next: ComposingState,
  action: Action,
  rule: string,
): void {
  for (const event of events) {
    const name = key(composer, state, event);
    if (TABLE.has(name)) throw new Error(`two rows for ${name}`);
    TABLE.set(name, { next, action, rule });
  }
}

row("sip", "quiet", ["active", "idle"], "quiet", "ignore", "XEP-0085 §5.1: nothing before the first message");
row("sip", "quiet", ["content", "reply"], "idle", "ignore", "the conversation begins");
row("sip", "quiet", ["idle-due"], "quiet", "ignore", "no deadline in this state");
row("sip", "idle", ["active"], "active", "tell-composing", "RFC 7573 §6 Table 3");
row("sip", "idle", ["idle", "content", "reply", "idle-due"], "idle", "ignore", "XEP-0085 §5.3: no repeats");
row("sip", "active", ["active"], "active", "extend", "RFC 3994 §3.3: a refresh; XEP-0085 §5.3: not repeated");
row("sip", "active", ["idle"], "idle", "tell-active", "RFC 7573 §6 Table 3");
row("sip", "active", ["content"], "idle", "ignore", "RFC 3994 §3.3: the message says it");
row("sip", "active", ["reply"], "active", "ignore", "the other one writes");
row("sip", "active", ["idle-due"], "idle", "tell-active", "RFC 3994 §3.3: the refresh interval expires");

const AT_REST = ["present", "paused", "inactive"] as const;
row(
  "xmpp",
  "quiet",
  ["composing", ...AT_REST, "gone"],
  "quiet",
  "ignore",
  "RFC 3994: only in reply to a message",
);
row("xmpp", "quiet", ["content", "reply"], "idle", "ignore", "the conversation begins");
row("xmpp", "quiet", ["refused"], "stopped", "ignore", "RFC 3994 §4");
row("xmpp", "quiet", ["refresh-due", "idle-due"], "quiet", "ignore", "no deadline in this state");
row("xmpp", "idle", ["composing"], "active", "send-active", "RFC 7573 §6 Table 4");
row("xmpp", "idle", AT_REST, "idle", "ignore", "idle already");
row("xmpp", "idle", ["gone"], "quiet", "ignore", "RFC 7573 §6.1: the conversation is over");
row("xmpp", "idle", ["content", "reply"], "idle", "ignore", "no change");
row("xmpp", "idle", ["refused"], "stopped", "ignore", "RFC 3994 §4");
row("xmpp", "idle", ["refresh-due", "idle-due"], "idle", "ignore", "no deadline in this state");
row("xmpp", "active", ["composing"], "active", "extend", "still writing");
row("xmpp", "active", AT_REST, "idle", "send-idle", "RFC 7573 §6 Table 4");
row("xmpp", "active", ["gone"], "quiet", "send-idle", "who is gone does not write");
row("xmpp", "active", ["content"], "idle", "ignore", "RFC 3994 §3.2: the message says it");
row("xmpp", "active", ["reply"], "active", "ignore", "the other one writes");
row("xmpp", "active", ["refused"], "stopped", "ignore", "RFC 3994 §4");
row("xmpp", "active", ["refresh-due"], "active", "send-refresh", "RFC 3994 §3.2");
row("xmpp", "active", ["idle-due"], "idle", "send-idle", "our bound on a composing that nobody ended");
row("xmpp", "stopped", XMPP_EVENTS, "stopped", "ignore", "RFC 3994 §4: MUST cease");
