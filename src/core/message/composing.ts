/**
 * Typing notifications in page mode: RFC 3994 §3.2, §3.3, §4 ↔ XEP-0085 §5, by RFC 7573 §6.
 * One record for each pair of people and each writer; the gateway keeps both timers as deadlines in it.
 */

import { type ComposingState, composingRow, type TableEvent } from "./composing-table";
import type { IsComposing } from "./is-composing";

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
  return step(record ?? QUIET.sip, event.kind, now, refreshSeconds);
}

/** What the XMPP user's chat state, or a message of either, means for the SIP user. */
export function composingFromXmpp(
  record: ComposingRecord | undefined,
  event: XmppComposingEvent,
  now: number,
): ComposingStep {
  return step(record ?? QUIET.xmpp, event === "active" ? "present" : event, now, undefined);
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

function step(
  record: ComposingRecord,
  event: TableEvent,
  now: number,
  refreshSeconds: number | undefined,
): ComposingStep {
  const row = composingRow(record.composer, record.state, event);
  const { composer } = record;
  const timed = (refreshAt: number | undefined, idleAt: number): ComposingRecord =>
    refreshAt === undefined
      ? { composer, state: row.next, idleAt }
      : { composer, state: row.next, refreshAt, idleAt };
  switch (row.action) {
    case "ignore":
      if (row.next === record.state) return { record, effects: NOTHING };
      return {
        record: row.next === "idle" ? IDLE[composer] : { composer, state: row.next },
        effects: NOTHING,
      };
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

/** Most pairs never type: their records are the same two. */
const QUIET = {
  sip: { composer: "sip", state: "quiet" },
  xmpp: { composer: "xmpp", state: "quiet" },
} as const;
const IDLE = { sip: { composer: "sip", state: "idle" }, xmpp: { composer: "xmpp", state: "idle" } } as const;
const NOTHING: readonly ComposingEffect[] = [];
const TELL_COMPOSING: readonly ComposingEffect[] = [{ kind: "chat-state", state: "composing" }];
const TELL_ACTIVE: readonly ComposingEffect[] = [{ kind: "chat-state", state: "active" }];
const SEND_ACTIVE: readonly ComposingEffect[] = [
  { kind: "is-composing", document: { state: "active", refreshSeconds: OUR_REFRESH_SECONDS } },
];
const SEND_IDLE: readonly ComposingEffect[] = [{ kind: "is-composing", document: { state: "idle" } }];
