/** Rows, events and a way to read effects: romeo lives on SIP, juliet on XMPP, as in RFC 8048. */

import type { SipDialogRequest } from "../../../src/core/effect";
import type { SipDialogOutcome, SipEventInput, SubscriptionState } from "../../../src/core/input";
import type { DevicePresence, PresenceDocument } from "../../../src/core/presence/document";
import type { Dialog } from "../../../src/core/subscription/dialog";
import type { SipWatcherEvent, XmppWatcherEvent } from "../../../src/core/subscription/event";
import type { SipWatcherRecord, XmppWatcherRecord } from "../../../src/core/subscription/record";
import type { StepContext, SubscriptionEffect } from "../../../src/core/subscription/step";
import type { Tables } from "../../../src/core/tables";
import { SHIPPED } from "../../support/shipped-tables";
import { tables as messageTables } from "../message/fixtures";

export const NOW = 1_800_000_000_000;
export const JULIET = "juliet@example.com";
export const ROMEO = "romeo@example.net";

export const TABLES: Tables = { ...messageTables(), errors: SHIPPED.errors, presence: SHIPPED.presence };

export function context(more: Partial<StepContext> = {}): StepContext {
  return {
    now: NOW,
    ids: { callId: "new-call", tag: "new-tag", branch: "new-branch" },
    jitter: 0,
    settings: {
      expiresSeconds: 3600,
      minimumExpiresSeconds: 60,
      maximumExpiresSeconds: 86_400,
      timerNMs: 32_000,
      probeAnswerMs: 5_000,
      retryFirstMs: 15_000,
      retryLongestMs: 1_800_000,
    },
    tables: TABLES,
    pair: { watcher: JULIET, presentity: ROMEO },
    uris: { watcher: `sip:${JULIET}`, presentity: `sip:${ROMEO}`, peer: "default" },
    ...more,
  };
}

/** Juliet's dialog with Romeo's phone: she is the subscriber. */
export function julietsDialog(more: Partial<Dialog> = {}): Dialog {
  return {
    callId: "call",
    localTag: "ours",
    remoteTag: "theirs",
    localUri: `sip:${JULIET}`,
    remoteUri: `sip:${ROMEO}`,
    localCseq: 1,
    remoteCseq: 1,
    remoteTarget: "sip:romeo@192.0.2.1",
    routes: [],
    ...more,
  };
}

/** A row of Juliet's as it is in a state, in a dialog that was confirmed an instant ago. */
export function xmppRow(
  state: XmppWatcherRecord["state"],
  more: Partial<XmppWatcherRecord> = {},
): XmppWatcherRecord {
  const base = {
    direction: "xmpp-watcher",
    watcher: JULIET,
    presentity: ROMEO,
    peer: "default",
    state,
    authorized: !["requesting", "pending"].includes(state),
    attempts: 0,
    expires: 3600,
    online: "yes",
    shown: [],
  } as const;
  return { ...base, ...TIMES[state](), ...more };
}

const open = () => ({
  dialog: julietsDialog(),
  expiresAt: NOW + 3_600_000,
  dueAt: NOW + 2_520_000,
  due: "refresh" as const,
});
const TIMES: Readonly<Record<XmppWatcherRecord["state"], () => Partial<XmppWatcherRecord>>> = {
  requesting: () => ({ dialog: firstDialog(), dueAt: NOW + 32_000, due: "timer-n" }),
  pending: open,
  active: open,
  dormant: () => ({}),
  retrying: () => ({ attempts: 1, dueAt: NOW + 15_000, due: "retry" }),
  cancelling: () => ({
    dialog: julietsDialog({ localCseq: 2 }),
    expiresAt: NOW + 3_600_000,
    dueAt: NOW + 32_000,
    due: "outcome",
  }),
};

/** Nobody has answered yet. */
export function firstDialog(): Dialog {
  const { remoteTag: _, remoteCseq: __, ...dialog } = julietsDialog({ remoteTarget: `sip:${ROMEO}` });
  return dialog;
}

export function sipRow(
  state: SipWatcherRecord["state"],
  more: Partial<SipWatcherRecord> = {},
): SipWatcherRecord {
  return {
    direction: "sip-watcher",
    what: "presence",
    watcher: ROMEO,
    presentity: JULIET,
    peer: "default",
    state,
    dialog: romeosDialog(),
    expiresAt: NOW + 3_600_000,
    dueAt: NOW + 3_600_000,
    owed: false,
    ...(state === "ending" ? { reason: "timeout", finalContent: "closed", owed: true } : {}),
    ...more,
  };
}

/** Romeo's dialog with us: he is the subscriber. */
export function romeosDialog(more: Partial<Dialog> = {}): Dialog {
  return {
    callId: "call",
    localTag: "transaction",
    remoteTag: "xfg9",
    localUri: `sip:${JULIET}`,
    remoteUri: `sip:${ROMEO}`,
    localCseq: 1,
    remoteCseq: 1,
    remoteTarget: "sip:romeo@192.0.2.1",
    routes: ["<sip:proxy.example.net;lr>"],
    ...more,
  };
}

export function eventInput(more: Partial<SipEventInput> = {}): SipEventInput {
  return {
    kind: "sip-event",
    method: "SUBSCRIBE",
    rid: "r1",
    transaction: "transaction",
    requestUri: `sip:${JULIET}`,
    toUri: `sip:${JULIET}`,
    fromUri: `sip:${ROMEO}`,
    fromTag: "xfg9",
    callId: "call",
    cseq: 1,
    contact: "sip:romeo@192.0.2.1",
    recordRoute: ["<sip:proxy.example.net;lr>"],
    event: { package: "presence", parameters: new Map() },
    supported: [],
    body: new Uint8Array(0),
    peer: "default",
    proven: true,
    ...more,
  };
}

/** A NOTIFY to Juliet in her dialog. `state`: Subscription-State as in the header, undefined for none. */
export function notify(
  state: string | undefined,
  document: Extract<XmppWatcherEvent, { kind: "notify" }>["document"] = "none",
  more: Partial<SipEventInput> = {},
): Extract<XmppWatcherEvent, { kind: "notify" }> {
  const subscriptionState = state === undefined ? {} : { subscriptionState: parseState(state) };
  const input = eventInput({
    method: "NOTIFY",
    toTag: "ours",
    fromTag: "theirs",
    cseq: 2,
    recordRoute: [],
    ...subscriptionState,
    ...more,
  });
  return { kind: "notify", input, document };
}

function parseState(text: string): SubscriptionState {
  const [state = "", ...parameters] = text.split(";");
  const named = new Map(parameters.map((parameter) => parameter.split("=") as [string, string]));
  const number = (name: string) => (named.has(name) ? Number(named.get(name)) : undefined);
  const reason = named.get("reason");
  const expires = number("expires");
  const retryAfter = number("retry-after");
  return {
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(expires === undefined ? {} : { expires }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
}

/** How a SUBSCRIBE or NOTIFY of ours ended; by default the first of its dialog. */
export function outcome(status: number, more: Partial<SipDialogOutcome> = {}): SipDialogOutcome {
  return {
    status,
    reason: `Reason ${status}`,
    local: false,
    maybeDelivered: true,
    cseq: 1,
    recordRoute: [],
    ...(status < 300 ? { toTag: "theirs", contact: "sip:romeo@192.0.2.1", expires: 3600 } : {}),
    ...more,
  };
}

export function subscribeOutcome(
  status: number,
  more: Partial<SipDialogOutcome> = {},
  callId = "call",
): XmppWatcherEvent {
  return { kind: "subscribe-outcome", callId, outcome: outcome(status, more) };
}

/** A SUBSCRIBE of Romeo's; with `toTag` it is in his dialog. */
export function subscribe(
  expires: number,
  more: Partial<SipEventInput> = {},
  event: Partial<Extract<SipWatcherEvent, { kind: "subscribe" }>> = {},
): Extract<SipWatcherEvent, { kind: "subscribe" }> {
  return {
    kind: "subscribe",
    input: eventInput(more),
    expires,
    what: "presence",
    watcher: ROMEO,
    presentity: JULIET,
    approved: false,
    canNotify: true,
    ...event,
  };
}

export const inDialog = { toTag: "transaction", cseq: 2 } as const;

export function device(id: string, more: Partial<DevicePresence> = {}): DevicePresence {
  return { id, open: true, notes: [], activities: [], ...more };
}

export function document(...devices: readonly DevicePresence[]): PresenceDocument {
  return { devices };
}

/** Effects as short lines, in their order. */
export function lines(effects: readonly SubscriptionEffect[]): string[] {
  return effects.map(oneLine);
}

function oneLine(effect: SubscriptionEffect): string {
  switch (effect.kind) {
    case "stanza": {
      const { attrs } = effect.stanza;
      return `<${attrs.type ?? "available"} ${attrs.from} → ${attrs.to}>`;
    }
    case "subscribe":
      return `SUBSCRIBE ${effect.request.cseq} Expires ${header(effect.request, "Expires")} ${effect.request.callId}`;
    case "notify":
      return `NOTIFY ${effect.request.cseq} ${header(effect.request, "Subscription-State")} ${effect.content}`;
    case "want-notify":
      return "want NOTIFY";
    case "answer":
      return `${effect.status}${effect.headers.map(([name, value]) => ` ${name} ${value}`).join("")}`;
    case "remember":
      return effect.document === undefined ? "forget" : "remember";
  }
}

export function header(request: SipDialogRequest, name: string): string | undefined {
  return request.headers.find(([found]) => found === name)?.[1];
}

/** The request of the first effect that sends one. */
export function requestOf(effects: readonly SubscriptionEffect[]): SipDialogRequest {
  for (const effect of effects) {
    if (effect.kind === "subscribe" || effect.kind === "notify") return effect.request;
  }
  throw new Error("no request among the effects");
}
