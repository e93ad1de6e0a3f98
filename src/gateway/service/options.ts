/** What XMPP users and administrators are served, and its bounds, each with its reason (architecture E18). */

import type { NumberPlan } from "../../core/service/entered-address";

export interface ServiceOptions {
  /** Canonical bare JIDs. */
  readonly administrators: readonly string[];
  /** XMPP domains whose people may search, see cards and use commands, beside those that a domain rule names. */
  readonly domains: readonly string[];
  readonly commands: boolean;
  readonly cards: boolean;
  /** Absent: nobody searches. */
  readonly search?: SearchOptions;
  /** How numbers are written here; absent: they stay as they are entered. */
  readonly numbers?: NumberPlan;
  /** Command sessions in all, and of one person: each holds a form or several. */
  readonly maximumSessions: number;
  readonly maximumSessionsPerPerson: number;
  /** A session in which nothing happens for so long is over. Milliseconds. */
  readonly sessionLifetimeMs: number;
  /** Questions of one person at once, and how many more in a second after that. */
  readonly burst: number;
  readonly perSecond: number;
}

export interface SearchOptions {
  /** People found by one search. */
  readonly limit: number;
  /** Letters that one of the words must have: nobody reads the whole directory letter by letter. */
  readonly minimumLetters: number;
}

export const DEFAULT_SERVICE: ServiceOptions = {
  administrators: [],
  domains: [],
  commands: true,
  cards: true,
  search: { limit: 50, minimumLetters: 2 },
  maximumSessions: 1_000,
  maximumSessionsPerPerson: 5,
  sessionLifetimeMs: 10 * 60_000,
  burst: 100,
  perSecond: 10,
};

/** Contacts or watchers that one answer lists: it stays well within what an XMPP server lets through. */
export const LISTED = 300;
