/** Everything that the core may ask of the outside in page mode. */

import type { Element } from "../xml/element";
import type { Rejection } from "./rejection";

/** A SIP MESSAGE to be sent. The SIP side adds Via, Max-Forwards, CSeq method, Route and lengths. RFC 3428 §4. */
export interface SipMessageOut {
  /** Request-URI and To. */
  readonly toUri: string;
  readonly fromUri: string;
  readonly fromTag: string;
  readonly callId: string;
  readonly cseq: number;
  /** Same value, same branch: a resumed message looks like a retransmission to whoever saw the first. */
  readonly branch: string;
  readonly contentType: string;
  /** Further headers, such as Subject, Content-Language, Date, Expires. Values hold no line break. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
  /** Name of the configured peer that serves the domain of `toUri`. */
  readonly peer: string;
}

export type Effect =
  /** Hand the stanza to the XMPP server; `proof` asks what became of it. */
  | { readonly kind: "send-stanza"; readonly stanza: Element; readonly proof: boolean }
  | { readonly kind: "send-sip"; readonly request: SipMessageOut }
  | {
      readonly kind: "answer-sip";
      readonly status: number;
      readonly reason: string;
      readonly headers: Headers;
    }
  | { readonly kind: "refuse"; readonly rejection: Rejection }
  /** Nothing leaves, on purpose; the reason is counted. */
  | { readonly kind: "drop"; readonly reason: string };

type Headers = readonly (readonly [name: string, value: string])[];
