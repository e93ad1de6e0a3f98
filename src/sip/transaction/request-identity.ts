/** Which requests are the same one. RFC 3261 §17.2.3 and §8.2.2.2, made safe for clients that re-use every identifier. */

import { isAscii } from "node:buffer";
import type { SipRequest } from "../message/message";
import type { Via } from "../message/via";
import { sha256 } from "./sha256";

/**
 * Two requests with the same `hi`, `lo` are copies of one request; with the same `via` too they are retransmissions
 * of one transaction, else they came by different ways (§8.2.2.2: merged).
 */
export interface RequestIdentity {
  /** First and second 32 bits of a SHA-256 over everything but the topmost Via. */
  readonly hi: number;
  readonly lo: number;
  /** 32 bits over the branch and sent-by of the topmost Via. */
  readonly via: number;
  /** The 16 characters of `transaction` that name the request without its Via. */
  readonly request: string;
  /** All of it: 22 URL-safe characters, also legal as a tag. The same in every life of the gateway. */
  readonly transaction: string;
}

export type Identify = (
  request: SipRequest,
  topmostVia: Via,
  from: { readonly uri: string; readonly tag: string | undefined },
  /** Where it came from, where that counts too: a request that makes or ends a dialog. */
  place?: string,
) => RequestIdentity;

/**
 * Makes the function that names requests. The branch alone would do by §17.2.3, but COMPAT(libpurple 2.14) never seeds
 * its random numbers: two users, or one after a restart, send the same branch, Call-ID and tags for different messages.
 * So From, Request-URI and the body count as well: a true retransmission is the same in every byte. A SUBSCRIBE has no
 * body, and two phones of one user may differ in nothing at all but where they are. The Via part need
 * not resist forgers: who can forge it must send the victim's whole request, and gets that request's answer.
 */
export function createIdentify(): Identify {
  const scratch = Buffer.allocUnsafe(SCRATCH_BYTES);
  return (request, topmostVia, from, place = "") => {
    const head = `${place}${request.method}\n${request.uri}\n${from.uri}\n${from.tag ?? ""}\n${request.headers.get("Call-ID") ?? ""}\n${request.headers.get("CSeq") ?? ""}\n`;
    const { body } = request;
    // The same octets either way; as a string they need no copying.
    const digest = sha256(isAscii(body) ? head + body.toString("latin1") : joined(scratch, head, body));
    const via = fnv1a(`${topmostVia.branch ?? ""} ${topmostVia.host.toLowerCase()}:${topmostVia.port ?? ""}`);
    const name = digest.slice(0, 16);
    return {
      hi: word(digest, 0, 0),
      lo: word(digest, 5, 2),
      via,
      request: name,
      transaction: name + base64url32(via),
    };
  };
}

function joined(scratch: Buffer, head: string, body: Buffer): Buffer {
  // A UTF-16 unit takes three bytes at most.
  if (head.length * 3 + body.length > SCRATCH_BYTES) return Buffer.concat([Buffer.from(head), body]);
  const end = scratch.write(head, 0, "utf8");
  body.copy(scratch, end);
  return scratch.subarray(0, end + body.length);
}

/** FNV-1a over UTF-16 units: fast, and good enough to tell one sender's branches apart. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  // One more round mixes the last character into the upper bits.
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
}

/** 32 bits of base64url text. @param skip bits of the first character that belong to what is before */
function word(text: string, from: number, skip: number): number {
  let value = SIX_BITS[text.charCodeAt(from)] as number;
  for (let at = from + 1; at < from + 5; at++)
    value = (value << 6) | (SIX_BITS[text.charCodeAt(at)] as number);
  const last = SIX_BITS[text.charCodeAt(from + 5)] as number;
  // The first bits are shifted out by the last ones.
  return ((value << (2 + skip)) | (last >> (4 - skip))) >>> 0;
}

function base64url32(value: number): string {
  return String.fromCharCode(
    digit(value >>> 30),
    digit(value >>> 24),
    digit(value >>> 18),
    digit(value >>> 12),
    digit(value >>> 6),
    digit(value),
  );
}

function digit(value: number): number {
  return BASE64URL.charCodeAt(value & 63);
}

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const SIX_BITS = new Uint8Array(128);
for (let value = 0; value < 64; value++) SIX_BITS[BASE64URL.charCodeAt(value)] = value;
/** Holds any datagram with its identifiers; what is larger came by a stream and is joined on the heap. */
const SCRATCH_BYTES = 128 * 1024;
