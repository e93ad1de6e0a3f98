/** What a phone has published, and the tags that stand for it. RFC 3903 §4.1, §8.3. */

import type { PresenceDocument } from "../presence/document";

/** One row of the store: what one device last said of its user. */
export interface Publication {
  readonly etag: string;
  /** Bare JID of whoever published. */
  readonly presentity: string;
  readonly contentType: string;
  readonly body: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** When it was first published or last modified: the newest device's person wins. */
  readonly modifiedAt: number;
}

/**
 * The tag of an initial publication. It begins with the time, so that the order of tags is the order of devices; no two
 * tags are ever the same (§6 step 6). It ends with the device's name: linphone gives its one tuple another id in every
 * document, and its user's watchers would see one device go and another come each time.
 * @param now milliseconds since 1970
 * @param random URL-safe text of at least 128 bits
 * @param document what is published
 */
export function firstEtag(now: number, random: string, { devices }: PresenceDocument): string {
  const [device, ...others] = devices;
  const tag = `${now.toString(36).padStart(TIME_DIGITS, "0")}${random}`;
  if (device === undefined || others.length > 0) return tag;
  const name = escaped(device.id);
  return name === "" || name.length > LONGEST_NAME ? tag : `${tag}${NAME_FOLLOWS}${name}`;
}

/** The name that the only device of a publication had at first; undefined when it had none, or was not alone. */
export function deviceNameOf(etag: string): string | undefined {
  const [, name] = publicationId(etag).split(NAME_FOLLOWS);
  return name === undefined ? undefined : decodeURIComponent(name);
}

/** What tells a publication from others in few characters, or in many. */
export function markOf(etag: string, length?: number): string {
  const [tag = ""] = publicationId(etag).split(NAME_FOLLOWS);
  return length === undefined ? tag : tag.slice(-length);
}

/** The tag that replaces another of the same publication. */
export function nextEtag(etag: string, random: string): string {
  return `${publicationId(etag)}${SEPARATOR}${random}`;
}

/** What all tags of one publication have in common: it stands for the device, however often it refreshes. */
export function publicationId(etag: string): string {
  const end = etag.indexOf(SEPARATOR);
  return end < 0 ? etag : etag.slice(0, end);
}

/** A name of token characters (RFC 3261 §25.1) without ours: linphone makes ids of letters, digits, dots and hyphens. */
function escaped(name: string): string {
  return encodeURIComponent(name).replace(
    OTHERS,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Legal in a token, and in no random text and no name. */
const SEPARATOR = ".";
const NAME_FOLLOWS = "~";
/** What `encodeURIComponent` leaves as it is and must not stand in a name. */
const OTHERS = /[.~!'()*]/g;
/** Phones' ids are shorter; a longer one is not remembered. */
const LONGEST_NAME = 120;
/** Until the year 5188. */
const TIME_DIGITS = 9;
