/** What a response copies from its request. RFC 3261 §8.2.6. */

import type { HeaderField } from "./header-list";
import { HeaderList } from "./header-list";
import type { SipRequest, SipResponse } from "./message";
import { parseNameAddr } from "./name-addr";

export interface ResponseParts {
  /** Our tag for To, used unless it has one (§8.2.6.2); leave it out for a 100 only. */
  readonly toTag?: string;
  /** Fields to add, in order. */
  readonly headers?: readonly HeaderField[];
}

/**
 * Builds a response without a body: every Via in order, From, To with a tag, Call-ID, CSeq, and Timestamp in a 100
 * (§8.2.6.1). The request must have the five mandatory fields, as those of `parseMessage` and its `partial` do.
 */
export function responseTo(
  request: SipRequest,
  status: number,
  reason: string,
  { toTag, headers }: ResponseParts = {},
): SipResponse {
  const fields: HeaderField[] = [];
  let seen = 0;
  for (const field of request.headers.fields) {
    const once = COPIED_ONCE.get(field[0]);
    if (field[0] === "Via") fields.push(field);
    else if (once === undefined || (seen & once) !== 0)
      continue; // Of two From fields (a 400) the first is copied.
    else if (field[0] === "Timestamp" && status !== 100) continue;
    else
      fields.push(field[0] === "To" && toTag !== undefined ? withTag(field, toTag, request.read?.to) : field);
    seen |= once ?? 0;
  }
  if (headers) fields.push(...headers);
  return { kind: "response", status, reason, headers: new HeaderList(fields), body: NO_BODY };
}

function withTag(field: HeaderField, tag: string, to = parseNameAddr(field[1])): HeaderField {
  return to?.parameters.has("tag") === true ? field : ["To", `${field[1]};tag=${tag}`];
}

const NO_BODY = Buffer.alloc(0);

/** One bit each, to see which came already. */
const COPIED_ONCE: ReadonlyMap<string, number> = new Map([
  ["From", 1],
  ["To", 2],
  ["Call-ID", 4],
  ["CSeq", 8],
  ["Timestamp", 16],
]);
