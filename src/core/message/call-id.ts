/** `<thread/>` ↔ Call-ID, reversible without a table. RFC 7572 §4 Table 1 and §5 Table 2; callid by RFC 3261 §25.1. */

import { decodeBase64, encodeBase64Url } from "./base64";

/**
 * Thread → Call-ID. A thread that is a legal callid goes as it is, another behind a mark in base64url.
 * @returns undefined for a thread that is empty or too long to be carried
 */
export function threadToCallId(thread: string): string | undefined {
  if (thread.length <= PLAIN_MAXIMUM && CALL_ID.test(thread) && !thread.startsWith(MARK)) return thread;
  const bytes = UTF8_ENCODER.encode(thread);
  if (bytes.length === 0 || bytes.length > ENCODED_MAXIMUM) return undefined;
  return MARK + encodeBase64Url(bytes);
}

/** Call-ID → thread: what `threadToCallId` made is read back, any other Call-ID is the thread. */
export function callIdToThread(callId: string): string {
  if (!callId.startsWith(MARK)) return callId;
  const bytes = decodeBase64(UTF8_ENCODER.encode(callId.slice(MARK.length)));
  if (bytes === undefined) return callId;
  try {
    const thread = UTF8_DECODER.decode(bytes);
    // A stranger's Call-ID that only looks like ours must come back to him unchanged.
    return threadToCallId(thread) === callId ? thread : callId;
  } catch {
    return callId;
  }
}

/** No client of ours writes this; a `*` keeps it from looking like a host or a UUID. */
const MARK = "thread*";
/** Longer Call-IDs make requests needlessly large; no thread of a client is half as long. */
const PLAIN_MAXIMUM = 200;
/** Octets of a thread that is carried encoded: what makes a header of about 1,000 octets. */
const ENCODED_MAXIMUM = 750;
/** word [ "@" word ] */
const CALL_ID = /^[A-Za-z0-9\-.!%*_+`'~()<>:\\/"[\]?{}]+(?:@[A-Za-z0-9\-.!%*_+`'~()<>:\\/"[\]?{}]+)?$/;
const UTF8_ENCODER = new TextEncoder();
const UTF8_DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
