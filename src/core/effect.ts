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

/** A SUBSCRIBE or NOTIFY to be sent. The SIP side adds Via, Max-Forwards, Contact, Route of the peer's proxy and lengths. RFC 3261 §12.2. */
export interface SipDialogRequest {
  readonly method: "SUBSCRIBE" | "NOTIFY";
  /** Remote target: the far side's Contact, or its address of record when there is no dialog yet. */
  readonly requestUri: string;
  readonly toUri: string;
  readonly toTag?: string;
  readonly fromUri: string;
  readonly fromTag: string;
  readonly callId: string;
  readonly cseq: number;
  readonly branch: string;
  /** The dialog's route set, each with its angle brackets. */
  readonly routes: readonly string[];
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** "" for none. */
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly peer: string;
}

/** Where a registration came from, which is where requests to the device go (RFC 5626 §3.3, RFC 3581). */
export interface SipFlow {
  readonly transport: "udp" | "tcp" | "tls";
  /** IP literal without brackets. */
  readonly address: string;
  readonly port: number;
  /** Our own end: a NAT lets in only what comes from there. */
  readonly local: { readonly address: string; readonly port: number };
  /** The connection, of this process. */
  readonly connection?: number;
}

/** The way to one registered device. RFC 3261 §16.6, RFC 3327 §5.3. */
export interface SipDestination {
  readonly requestUri: string;
  /** Values of Route, in order. */
  readonly routes: readonly string[];
  readonly flow: SipFlow;
  /** The URI to send to where the flow has no connection any more; absent: behind a NAT nothing but the flow leads there. */
  readonly nextHop?: string;
}
