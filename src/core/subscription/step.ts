/** What one step of a subscription machine is handed and gives back. Architecture §5, E5 to E7. */

import type { Element } from "../../xml/element";
import type { SipDialogRequest } from "../effect";
import type { PresenceDocument } from "../presence/document";
import type { Tables } from "../tables";
import type { SubscriptionRecord } from "./record";

export interface StepContext {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Fresh and random, URL-safe, at least 128 bits each. */
  readonly ids: { readonly callId: string; readonly tag: string; readonly branch: string };
  /** 0 to 1, for the jitter of pauses. */
  readonly jitter: number;
  readonly settings: SubscriptionSettings;
  readonly tables: Tables;
  /** Bare JIDs, canonical, of whom the row is about: a new row of an XMPP watcher is made from them. */
  readonly pair: { readonly watcher: string; readonly presentity: string };
  /** Key to names of the addresses on SIP: our XMPP user's and the contact's URIs; undefined when no rule maps one. */
  readonly uris: { readonly watcher: string; readonly presentity: string; readonly peer: string } | undefined;
}

/** Bounds and times; all milliseconds but those named seconds. */
export interface SubscriptionSettings {
  /** What we ask for and what we grant when nobody says otherwise, seconds (RFC 3856 §6.4). */
  readonly expiresSeconds: number;
  /** Below it we answer 423; above the maximum we grant the maximum. */
  readonly minimumExpiresSeconds: number;
  readonly maximumExpiresSeconds: number;
  /** 64 times T1 (RFC 6665 §4.1.2.4). */
  readonly timerNMs: number;
  /** How long a watcher may take to answer our probe before we refresh all the same. */
  readonly probeAnswerMs: number;
  readonly retryFirstMs: number;
  readonly retryLongestMs: number;
}

export interface Step<R extends SubscriptionRecord = SubscriptionRecord> {
  /** What the store keeps; undefined removes the row. The very record that was given: nothing changed. */
  readonly record: R | undefined;
  /** Carried out in order, after the record is on disk. */
  readonly effects: readonly SubscriptionEffect[];
}

export type SubscriptionEffect =
  /** A presence stanza: subscribe, subscribed, unsubscribed, probe, unavailable, or a device's presence. */
  | { readonly kind: "stanza"; readonly stanza: Element }
  /** A SUBSCRIBE; its outcome comes back as `subscribe-outcome`. */
  | { readonly kind: "subscribe"; readonly request: SipDialogRequest }
  /** A NOTIFY whose body the gateway adds: all that is known, or a document that says closed, or none. */
  | {
      readonly kind: "notify";
      readonly request: SipDialogRequest;
      readonly content: "state" | "closed" | "none";
    }
  /** A NOTIFY is due, but one is under way: `notify-now` when that has ended. */
  | { readonly kind: "want-notify" }
  /** The answer to the request that caused this step; the SIP side adds Contact and the tag. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly reason: string;
      readonly headers: readonly (readonly [name: string, value: string])[];
    }
  /** The contact's document as the watcher now sees it: what the gateway remembers for probes. */
  | { readonly kind: "remember"; readonly document: PresenceDocument | undefined };
