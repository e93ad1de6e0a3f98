/** What is known of a person's presence, in one form for both sides. RFC 3863, RFC 4480, RFC 6121 §4.7. */

export type Show = "away" | "chat" | "dnd" | "xa";

export interface Note {
  readonly text: string;
  readonly language?: string;
}

/** One device: an XMPP resource, a PIDF tuple. */
export interface DevicePresence {
  /** Resourcepart, or tuple id without our prefix and escapes; "" where the other side named none. */
  readonly id: string;
  readonly open: boolean;
  readonly show?: Show;
  /** As XMPP counts: -128 to 127. */
  readonly priority?: number;
  readonly notes: readonly Note[];
  /** When it was so, milliseconds since 1970 (PIDF timestamp, XEP-0203). */
  readonly since?: number;
  /** Untouched since, milliseconds since 1970 (RFC 4480 user-input, XEP-0319). */
  readonly idleSince?: number;
  /** RPID activities as local names, such as "on-the-phone" (RFC 4480 §3.2); empty when none are known. */
  readonly activities: readonly string[];
}

/** What is known of the person rather than of one device. RFC 4479, RFC 4480 §3; XEP-0107, XEP-0108, XEP-0080. */
export interface PersonPresence {
  /** RPID activities, as those of a device. */
  readonly activities: readonly string[];
  /** Moods of XEP-0107, which has all of RPID's under the same names. */
  readonly moods: readonly string[];
  readonly notes: readonly Note[];
  /** What the person says of what he does, and of his mood: `<note/>` inside RPID's elements, `<text/>` of XEP-0107 and 0108. */
  readonly activityNotes?: readonly Note[];
  readonly moodNotes?: readonly Note[];
  readonly location?: Location;
}

/** Keys are the names of XEP-0080 elements (lat, lon, country, locality, …), values their text. */
export type Location = Readonly<Record<string, string>>;

/** A whole document: all devices of one person. */
export interface PresenceDocument {
  /** The most available first. */
  readonly devices: readonly DevicePresence[];
  readonly person?: PersonPresence;
  readonly language?: string;
}
