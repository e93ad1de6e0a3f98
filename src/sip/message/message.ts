/** SIP requests and responses as values. RFC 3261 §7. */

import type { CSeq } from "./cseq";
import type { HeaderList } from "./header-list";
import type { NameAddr } from "./name-addr";
import type { Via } from "./via";

/** The mandatory fields as values (§8.1.1), so that nobody reads them twice. */
export interface MandatoryFields {
  readonly topmostVia: Via;
  readonly from: NameAddr;
  readonly to: NameAddr;
  readonly cseq: CSeq;
}

export interface SipRequest {
  readonly kind: "request";
  readonly method: string;
  /** Request-URI as it stood on the wire. */
  readonly uri: string;
  readonly headers: HeaderList;
  readonly body: Buffer;
  /** As `parseMessage` has read them; absent in a request of our own making. */
  readonly read?: MandatoryFields;
  /** Did its header fields come in ASCII alone? What is copied from them is written faster then. */
  readonly isAscii?: boolean;
}

export interface SipResponse {
  readonly kind: "response";
  readonly status: number;
  readonly reason: string;
  readonly headers: HeaderList;
  readonly body: Buffer;
  /** As `parseMessage` has read them; absent in a response of our own making. */
  readonly read?: MandatoryFields;
}

export type SipMessage = SipRequest | SipResponse;

/** What could not be read. `partial` is there when a response can be built from it (RFC 3261 §8.2.6, §21.4.1). */
export interface ParseProblem {
  readonly kind: "problem";
  /** Status that the RFC asks for: 400, 413, 505 … */
  readonly status: number;
  /** Reason-Phrase that names the fault, such as "Missing Call-ID" (RFC 3261 §21.4.1); safe to send. */
  readonly reason: string;
  /** A request with readable Via, From, To, Call-ID and CSeq; absent: count it and drop it. */
  readonly partial?: SipRequest;
}
