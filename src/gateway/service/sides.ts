/** What the service asks of the gateway and of the sides: interfaces that main.ts fills. */

import type { Reach } from "../../core/lists/reach";
import type { Result } from "../../core/result";
import type { DomainTable } from "../../core/tables";
import type { Clock, Counters, Directory, Ids, Log, SubscriptionStore } from "../sides";
import type { ServiceOptions } from "./options";

export interface ServiceParts {
  readonly options: ServiceOptions;
  /** Best compiled. */
  readonly domains: DomainTable;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly counters: Counters;
  /** Absent: there are neither cards nor search. */
  readonly directory?: Directory;
  /** Absent: presence is not translated. */
  readonly subscriptions?: SubscriptionReader;
  /** Absent: nobody can be blocked. */
  readonly lists?: Lists;
  /** Absent: no phone registers here. */
  readonly devices?: Devices;
  /** Where the requests of a peer go, in words, for administrators: "the proxy sip:192.0.2.1 of kamailio". */
  readonly wayTo: (peer: string) => string;
  /** Is the link of a component host up? */
  readonly isUp: (host: string) => boolean;
  /** Does a message wait for this person (a bare JID), or for those of this host, while no device is registered? */
  readonly waits?: (person: string) => boolean;
  /** Figures of the whole gateway for administrators, beside the counters. */
  readonly figures?: () => Readonly<Record<string, string | number>>;
  /** Drops a subscription as `isthmus subs drop` does. */
  readonly drop?: (key: string) => void | Promise<void>;
  /** Reads the configuration anew; resolves with a sentence, rejects with one. Absent: that needs a restart. */
  readonly reload?: () => Promise<string>;
}

/** Of the subscriptions, what is read here. */
export type SubscriptionReader = Pick<
  SubscriptionStore,
  "get" | "ofWatcher" | "ofPresentity" | "count" | "page"
>;

/** Lists of people (canonical bare JIDs). An entry is a canonical bare JID, or a domain for everybody there: as the list book has it. */
export interface Lists {
  listsOf(owner: string): Promise<{
    readonly allowed: readonly string[];
    readonly blocked: readonly string[];
    /** May only those who are allowed reach the owner? */
    readonly onlyAllowed: boolean;
  }>;
  allow(owner: string, entry: string): Promise<Result<void>>;
  block(owner: string, entry: string): Promise<Result<void>>;
  /** Takes an entry off whichever list it is on. */
  unblock(owner: string, entry: string): Promise<void>;
  setOnlyAllowed(owner: string, onlyAllowed: boolean): Promise<void>;
  /** May `from` reach `to`? */
  reach(from: string, to: string): Reach;
}

/** Devices of people whose domain is registered here. */
export interface Devices {
  /** Do devices of this person (a bare JID) register here? */
  serves(person: string): boolean;
  /** Full JIDs of those that are registered now. */
  devicesOf(person: string): readonly string[];
}
