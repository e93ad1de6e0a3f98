/** The gateway's bounds, each with its reason (architecture E18). main.ts fills them from the configuration. */

import type { RateOptions } from "./rate/throttle";

export interface GatewayLimits {
  /** Messages taken from XMPP and not yet answered by SIP, at most; beyond: resource-constraint. */
  readonly maximumJournal: number;
  /** Of those, at most so many of one pair of people: one flood must not fill the journal. */
  readonly maximumPerPair: number;
  /** Memory that the waiting ones may take, octets: long ones must not take all of it before the journal is full. Absent: 128 MiB. */
  readonly maximumQueuedOctets?: number;
  /** SIP requests under way at once. */
  readonly maximumSipInFlight: number;
  /** A message from XMPP that has waited so long is not sent any more: its sender is told. Milliseconds. */
  readonly messageDeadlineMs: number;
  /** Pairs of people whose typing state and habits are remembered. */
  readonly maximumConversations: number;
  /** How long a receipt may take to come back. Milliseconds. */
  readonly receiptLifetimeMs: number;
  /** How fast messages may come. Absent: as they come. */
  readonly rates?: RateOptions;
  /** How long a stop waits for what is under way. Milliseconds. */
  readonly stopGraceMs: number;
}

export const DEFAULT_LIMITS: GatewayLimits = {
  maximumJournal: 20_000,
  maximumPerPair: 500,
  maximumSipInFlight: 2_000,
  messageDeadlineMs: 120_000,
  maximumConversations: 50_000,
  receiptLifetimeMs: 7 * 24 * 3_600_000,
  stopGraceMs: 5_000,
};
