/** What the XMPP side is told at start; main.ts fills it from the configuration. */

export interface XmppOptions {
  readonly components: readonly ComponentOptions[];
  /** First and longest pause between attempts to connect, milliseconds; the pause doubles, with jitter. */
  readonly reconnectMs: { readonly first: number; readonly longest: number };
  /** Silence after which we ping, and how long we wait for the answer before the link counts as dead. */
  readonly pingEveryMs: number;
  readonly pingDeadlineMs: number;
  /** How long a stanza may wait for its proof: well under Timer F (architecture §4 point 2). */
  readonly proofDeadlineMs: number;
  /** How long after the answer to a first ping the second one asks again (xmpp/proof-book.ts), milliseconds; 20 unless given. */
  readonly confirmAfterMs?: number;
  /** How long a domain may take to answer a ping before the server alone is asked; 3000 unless given. */
  readonly domainAnswerMs?: number;
  /** From the first packet to the end of the handshake, milliseconds; 10,000 unless given. */
  readonly connectTimeoutMs?: number;
  /** Stanzas waiting for proof, and bytes waiting in the socket, at most; beyond: "full". */
  readonly maximumInFlight: number;
  readonly maximumQueuedBytes: number;
  /** Largest stanza that we take from the server, and its depth. */
  readonly maximumStanzaBytes: number;
  readonly maximumDepth: number;
  readonly software: { readonly name: string; readonly version: string };
}

export interface ComponentOptions {
  /** Component host: the domain of our JIDs. */
  readonly host: string;
  /** Where the XMPP server listens for components. */
  readonly address: string;
  readonly port: number;
  readonly secret: string;
}
