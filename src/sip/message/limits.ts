/** How much of a peer's message we are ready to read. RFC 3261 §21.5.14 (513), §21.4.11 (413). */

export interface ParseLimits {
  /** Whole message, in octets. */
  readonly maximumBytes: number;
  /** Start line and header fields, in octets. */
  readonly maximumHeaderBytes: number;
  readonly maximumHeaders: number;
  /** One header field with its folded lines, or the start line, in characters. */
  readonly maximumLineLength: number;
}

/**
 * 256 KiB holds a text of 64,000 four-byte characters, more than any chat client sends; phones' headers stay under
 * 2 KiB and 30 fields, proxies add a few hundred octets each; one line holds a certificate-sized Identity.
 */
export const DEFAULT_LIMITS: ParseLimits = {
  maximumBytes: 262_144,
  maximumHeaderBytes: 32_768,
  maximumHeaders: 200,
  maximumLineLength: 8_192,
};
