/** What the layers above see of the transports. RFC 3261 §18. */

export type TransportName = "udp" | "tcp" | "tls";

/** Where bytes go or came from. `address` is an IP literal without brackets. */
export interface Endpoint {
  readonly transport: TransportName;
  readonly address: string;
  readonly port: number;
}

/** Where a message came from, and what a response needs to go back the same way (RFC 3261 §18.2.2, RFC 3581). */
export interface Source extends Endpoint {
  /** Identifies the connection of a stream transport while it lives; absent for UDP. */
  readonly connection?: number;
  /** Our own address that the message came to. */
  readonly local: Endpoint;
  /** Identities of the verified certificate of a TLS peer, by RFC 5922 §7.1; empty when none was shown. */
  readonly tlsIdentities: readonly string[];
}

/** Where to send, with what a TLS connection must prove (RFC 5922 §7.2: the SIP domain that we looked up). */
export interface Target extends Endpoint {
  readonly tlsDomain?: string;
  /** The connection to use while it is open, whatever its certificate says: the peer opened it for this. */
  readonly connection?: number;
  /** The listener to send from, by UDP: a NAT lets nothing in that comes from elsewhere. */
  readonly local?: { readonly address: string; readonly port: number };
  /** Nothing but this transport leads there, however long the request is. */
  readonly isOnlyWay?: true;
}

/**
 * One whole message as it came: a datagram, or one frame of a stream. With a `fault` it is the head of a message
 * whose end nobody can find (RFC 3261 §18.3): answer with that status if it can be parsed; the connection closes.
 */
export type OnBytes = (bytes: Buffer, source: Source, fault?: FramingFault) => void;

export interface FramingFault {
  readonly status: number;
  readonly reason: string;
}

/** `connection` is there for streams: when that connection closes, no answer will come by it (see `onClosed`). */
export type SendResult =
  | { readonly ok: true; readonly connection?: number }
  | { readonly ok: false; readonly why: string };

export interface Transports {
  /** Opens every listener; rejects with a sentence that names the listener that failed. */
  start(onBytes: OnBytes): Promise<void>;
  /** Sends a request, opening or reusing a connection. Never rejects; "ok" is: handed to the kernel. */
  send(bytes: Buffer, target: Target): PromiseLike<SendResult>;
  /**
   * Sends a response on the connection that the request came by, else to `target`. Never rejects. By UDP the result says
   * only whether it could be tried; a failure is counted.
   */
  reply(bytes: Buffer, source: Source, target: Target): PromiseLike<SendResult>;
  /** Host and port that Via and Contact name for this transport and destination; the advertised address where configured. */
  viaFor(target: Endpoint): { readonly host: string; readonly port: number };
  /** Is this one of our own addresses (loop guard, RFC 3261 §8.1.2, §16.4)? */
  isOurs(host: string, port: number): boolean;
  listeners(): readonly Endpoint[];
  /** Is this connection still good for requests? */
  isConnected?(connection: number): boolean;
  /** Tells when a connection has closed, so that what waits for an answer on it can fail early (RFC 3261 §18.4). */
  onClosed?(listener: (connection: number, why: string) => void): void;
  stop(): Promise<void>;
}

export interface ListenerOptions {
  readonly transport: TransportName;
  /** IP literal to bind. "::" takes IPv6 only; IPv4 has a listener of its own. */
  readonly address: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** What to write in Via and Contact in place of the bound address. */
  readonly advertised?: { readonly host: string; readonly port: number };
}

export interface TlsOptions {
  /** PEM texts. */
  readonly certificate: string;
  readonly key: string;
  readonly ca?: string;
  /** Ask clients for a certificate, and refuse those that show none? (mutual TLS) */
  readonly clientCertificate: "none" | "ask" | "require";
}

export interface TransportOptions {
  readonly listeners: readonly ListenerOptions[];
  readonly tls?: TlsOptions;
  readonly idleCloseMs: number;
  readonly connectTimeoutMs: number;
  readonly maximumConnections: number;
  readonly maximumMessageBytes: number;
}
