/** What is served here beside the translation: publications, lists, watcher information; each bound with its reason. */

import type { PublishSettings } from "../../core/publication/publish";

export interface LocalOptions {
  readonly publications: PublicationOptions;
  readonly lists: ListOptions;
  readonly winfo: WinfoOptions;
  readonly approval: Approval;
}

export interface PublicationOptions {
  /** SIP domains whose people publish here: Isthmus is their presence server. */
  readonly domains: readonly string[];
  readonly settings: PublishSettings;
  /** Devices of one person that are shown. */
  readonly maximumDevices: number;
}

/**
 * Who may watch those people. `auto`: whoever asks, as phones do that nobody can ask. `ask`: nobody may before the person
 * watches him too, or the operator says so.
 */
export type Approval = "auto" | "ask";

export interface ListOptions {
  readonly lists: readonly ConfiguredList[];
  /** Addresses at which each SIP user finds a list of his own: those whom he watches. */
  readonly contactLists: readonly string[];
  /** Contacts of one list; further ones are left out. */
  readonly maximumMembers: number;
  /** Octets of one NOTIFY that contacts may fill; what has no room comes with the next. */
  readonly maximumOctets: number;
}

export interface ConfiguredList {
  readonly uri: string;
  readonly name?: string;
  /** SIP URI of the only one who may watch it. */
  readonly owner: string;
  /** SIP URIs or JIDs. */
  readonly members: readonly string[];
}

export interface WinfoOptions {
  readonly enabled: boolean;
  /** Watchers of one person that are told. */
  readonly maximumWatchers: number;
  /** How many of them in one NOTIFY; the others come with the next. */
  readonly watchersAtOnce: number;
}

/** Nothing is served here: all of it stays with the presence server of the SIP domain. */
export const DEFAULT_LOCAL: LocalOptions = {
  publications: {
    domains: [],
    settings: {
      expiresSeconds: 3600,
      minimumExpiresSeconds: 60,
      maximumExpiresSeconds: 86_400,
      maximumPublications: 20,
      maximumOctets: 65_536,
    },
    maximumDevices: 100,
  },
  lists: {
    lists: [],
    contactLists: [],
    maximumMembers: 500,
    // A datagram holds 65,507; the rest is for headers.
    maximumOctets: 60_000,
  },
  // 200 of them fill some 40 kB, which a datagram holds.
  winfo: { enabled: true, maximumWatchers: 2_000, watchersAtOnce: 200 },
  approval: "auto",
};
