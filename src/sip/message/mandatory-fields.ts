/** The header fields that every message must have, and those that it may have once only. RFC 3261 §8.1.1, §7.3.1, §20. */

import { parseDigits } from "./characters";
import { parseCSeq } from "./cseq";
import { UNESCAPED_CONTROL } from "./header-block";
import type { HeaderField } from "./header-list";
import type { MandatoryFields } from "./message";
import { parseNameAddr } from "./name-addr";
import { firstValue } from "./values";
import { parseVia } from "./via";

export interface FieldsCheck {
  /** Reason-Phrase of the 400, naming the header field as §21.4.1 wishes; undefined: nothing is wrong. */
  readonly fault: string | undefined;
  /** There when a response can be built (§8.2.6.2): the first Via, From, To, Call-ID and CSeq are readable. */
  readonly read: MandatoryFields | undefined;
}

/**
 * Checks the mandatory fields and the single ones.
 * @param method of the request, which CSeq must repeat (§8.1.1.5); undefined for a response
 */
export function checkFields(fields: readonly HeaderField[], method: string | undefined): FieldsCheck {
  const first: (string | undefined)[] = [];
  let repeated: string | undefined;
  for (const [name, value] of fields) {
    const slot = slotOf(name);
    if (slot < 0) continue;
    if (first[slot] === undefined) first[slot] = value;
    else if (slot !== VIA) repeated ??= name;
  }
  const read = readMandatory(first);
  if (typeof read === "string") return { fault: read, read: undefined };
  return { fault: (repeated && `Multiple ${repeated}`) ?? otherFault(first, read.cseq.method, method), read };
}

/**
 * Can these fields be copied into a response as they came? Not when they hold a bare CR or another stray control, or
 * what stands for octets that were not UTF-8. To be asked only of a header block that has such a fault.
 */
export function isCopyable(fields: readonly HeaderField[]): boolean {
  return !fields.some(([name, value]) => MANDATORY_NAMES.has(name) && NOT_COPYABLE.test(value));
}

/** The five fields that a response copies, or which of them cannot be read. */
function readMandatory(first: readonly (string | undefined)[]): MandatoryFields | string {
  for (let slot = VIA; slot <= CSEQ; slot++) {
    if (first[slot] === undefined) return `Missing ${MANDATORY[slot]}`;
  }
  const topmostVia = parseVia(firstValue(first[VIA]!));
  if (topmostVia === undefined) return "Malformed Via";
  const from = parseNameAddr(first[FROM]!);
  if (from === undefined) return "Malformed From";
  const to = parseNameAddr(first[TO]!);
  if (to === undefined) return "Malformed To";
  if (!isCallId(first[CALL_ID]!)) return "Malformed Call-ID";
  const cseq = parseCSeq(first[CSEQ]!);
  return cseq === undefined ? "Malformed CSeq" : { topmostVia, from, to, cseq };
}

function otherFault(
  first: readonly (string | undefined)[],
  cseqMethod: string,
  method: string | undefined,
): string | undefined {
  if (method !== undefined && cseqMethod !== method) return "CSeq method differs";
  const maxForwards = first[MAX_FORWARDS];
  if (maxForwards !== undefined && parseDigits(maxForwards, 255) === undefined)
    return "Malformed Max-Forwards";
  return undefined;
}

/** word [ "@" word ]: any visible characters, in practice; a space or a list would be two values. */
function isCallId(value: string): boolean {
  return value !== "" && value.indexOf(" ") < 0 && value.indexOf("\t") < 0;
}

const MANDATORY = ["Via", "From", "To", "Call-ID", "CSeq"] as const;
const VIA = 0;
const FROM = 1;
const TO = 2;
const CALL_ID = 3;
const CSEQ = 4;
const MAX_FORWARDS = 5;

const CONTENT_TYPE = 6;
const EVENT = 7;
const EXPIRES = 8;

/** Via may come many times; each of the others once (their grammar is no list). -1 for what does not matter here. */
function slotOf(name: string): number {
  switch (name) {
    case "Via":
      return VIA;
    case "From":
      return FROM;
    case "To":
      return TO;
    case "Call-ID":
      return CALL_ID;
    case "CSeq":
      return CSEQ;
    case "Max-Forwards":
      return MAX_FORWARDS;
    case "Content-Type":
      return CONTENT_TYPE;
    case "Event":
      return EVENT;
    case "Expires":
      return EXPIRES;
    default:
      return -1;
  }
}

const MANDATORY_NAMES: ReadonlySet<string> = new Set(MANDATORY);

const NOT_COPYABLE = new RegExp(`${UNESCAPED_CONTROL.source}|\\r|\ufffd`);
