/** A message and who wrote it ↔ the columns of the journal, and of those that wait. */

import type { SipMessageOut } from "../core/effect";
import type { JournalEntry } from "../gateway/sides";

export interface JournalRow {
  readonly seq: number;
  readonly pair: string;
  readonly rid: string;
  readonly received_at: number;
  readonly request: string;
  readonly body: Buffer;
  readonly origin: string;
  readonly report: string | null;
}

/** Without its body, which has a column of its own. */
export function requestJson(request: SipMessageOut): string {
  const { toUri, fromUri, fromTag, callId, cseq, branch, contentType, headers, peer } = request;
  // "Required": a field that is added to a request must be added here.
  const kept: Required<Omit<SipMessageOut, "body">> = {
    toUri,
    fromUri,
    fromTag,
    callId,
    cseq,
    branch,
    contentType,
    headers,
    peer,
  };
  return JSON.stringify(kept);
}

export function entryOf(row: JournalRow): JournalEntry {
  return {
    seq: row.seq,
    pair: row.pair,
    rid: row.rid,
    receivedAt: row.received_at,
    request: { ...JSON.parse(row.request), body: row.body },
    origin: JSON.parse(row.origin),
    ...(row.report === null ? {} : { report: row.report }),
  };
}
