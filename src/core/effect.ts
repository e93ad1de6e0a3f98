/** What the core asks of the SIP side in page mode; stanzas are plain elements. */

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
