/** What a phone has published, and the tags that stand for it. RFC 3903 §4.1, §8.3. */

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
 * tags are ever the same (§6 step 6).
 * @param now milliseconds since 1970
 * @param random URL-safe text of at least 128 bits
 */
export function firstEtag(now: number, random: string): string {
  return `${now.toString(36).padStart(TIME_DIGITS, "0")}${random}`;
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

/** Legal in a token (RFC 3261 §25.1), and in no random text. */
const SEPARATOR = ".";
/** Until the year 5188. */
const TIME_DIGITS = 9;
