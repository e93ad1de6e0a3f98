/** Bounds and times of presence, each with its reason (architecture E18). main.ts fills them from the configuration. */

import type { Rate } from "../../core/limits/rate";
import type { SubscriptionSettings } from "../../core/subscription/step";
import { RateLimiter } from "../rate/rate-limiter";
import { DEFAULT_LOCAL, type LocalOptions } from "./local-options";

export interface PresenceOptions {
  readonly settings: SubscriptionSettings;
  /** Shortest time between two NOTIFYs of one dialog: what changes meanwhile goes as one (RFC 3856 §6.10). Milliseconds. */
  readonly notifyIntervalMs: number;
  /**
   * How long the first NOTIFY of a dialog waits for the contact's server, which answers at once when the watcher has leave: he
   * then sees the truth, and not `pending` for a second (RFC 6665 §4.2.1.2 wants the current state). Milliseconds; 0: not at all; absent: FIRST_NOTIFY_MS.
   */
  readonly firstNotifyMs?: number;
  /** SUBSCRIBEs and probes that we begin by ourselves in a second: after a restart, and when many are due at once. */
  readonly requestsPerSecond: number;
  /** Subscriptions in all; beyond: 503, resource-constraint. */
  readonly maximumSubscriptions: number;
  /** Of those, subscriptions of one watcher. */
  readonly maximumPerWatcher: number;
  /** SUBSCRIBEs of one watcher at once, and how many more in a second after that: a phone asks for a whole list at sign-on. */
  readonly watcherBurst: number;
  readonly watcherPerSecond: number;
  /** The same for two people, and for all that comes from one peer. Absent: no bound. */
  readonly pairRate?: Rate;
  readonly peerRate?: Rate;
  /** Devices of one person that are remembered. */
  readonly maximumDevices: number;
  /** What is served here beside the translation. */
  readonly local: LocalOptions;
}

/** A server on the same network answers in a few; nobody sees the difference on a phone. */
export const FIRST_NOTIFY_MS = 40;

export const DEFAULT_PRESENCE: PresenceOptions = {
  settings: {
    expiresSeconds: 3600,
    minimumExpiresSeconds: 60,
    maximumExpiresSeconds: 86_400,
    timerNMs: 32_000,
    probeAnswerMs: 5_000,
    retryFirstMs: 15_000,
    retryLongestMs: 30 * 60_000,
  },
  notifyIntervalMs: 1_000,
  requestsPerSecond: 1_000,
  maximumSubscriptions: 1_000_000,
  maximumPerWatcher: 2_000,
  watcherBurst: 1_000,
  watcherPerSecond: 20,
  maximumDevices: 100,
  local: DEFAULT_LOCAL,
};

/** Nobody is slowed who asks for presence: a list is asked for at once, and what is too much is refused. */
export function subscriptionRates(options: PresenceOptions): RateLimiter {
  const { watcherPerSecond, watcherBurst, pairRate, peerRate } = options;
  const sender = { perSecond: watcherPerSecond, burst: watcherBurst };
  return new RateLimiter({ sender, pair: pairRate, peer: peerRate }, 0);
}
