/** Transports in memory: a test plays the network. */

import type {
  Endpoint,
  FramingFault,
  OnBytes,
  SendResult,
  Source,
  Target,
  Transports,
} from "../../src/sip/transport/transport";

export interface SentBytes {
  readonly kind: "request" | "response";
  readonly bytes: Buffer;
  readonly text: string;
  readonly target: Target;
  /** Where the request came from, for a response. */
  readonly source?: Source;
}

export interface FakeTransports extends Transports {
  /** Everything that was sent, in order. */
  readonly sent: SentBytes[];
  /** Takes what was sent since the last call. */
  take(): SentBytes[];
  /** Lets bytes come in. */
  receive(bytes: Buffer | string, source?: Partial<Source>, fault?: FramingFault): void;
  /** Decides how sending a request ends; without it all goes well. */
  onSend: (target: Target, bytes: Buffer) => SendResult;
  closeConnection(connection: number, why?: string): void;
  /** Connections that are open for requests. */
  readonly open: Set<number>;
  readonly isOpen: boolean;
}

export const OUR_ENDPOINT: Endpoint = { transport: "udp", address: "192.0.2.10", port: 5060 };

/** A source to give to `receive`: UDP from 192.0.2.1:5060 unless told otherwise. */
export function sourceFrom(parts: Partial<Source> = {}): Source {
  const transport = parts.transport ?? "udp";
  return {
    transport,
    address: "192.0.2.1",
    port: 5060,
    local: { ...OUR_ENDPOINT, transport },
    tlsIdentities: [],
    ...(transport === "udp" ? {} : { connection: 1 }),
    ...parts,
  };
}

export function fakeTransports(): FakeTransports {
  const sent: SentBytes[] = [];
  const closed: ((connection: number, why: string) => void)[] = [];
  let onBytes: OnBytes | undefined;
  const fake: FakeTransports & { isOpen: boolean } = {
    sent,
    isOpen: false,
    open: new Set(),
    onSend: () => ({ ok: true }),
    take: () => sent.splice(0),
    receive(bytes, source, fault) {
      if (onBytes === undefined) throw new Error("not started");
      onBytes(typeof bytes === "string" ? Buffer.from(bytes) : bytes, sourceFrom(source), fault);
    },
    closeConnection: (connection, why = "closed by the far side") => {
      for (const listener of closed) listener(connection, why);
    },
    async start(listener) {
      onBytes = listener;
      fake.isOpen = true;
    },
    send(bytes, target) {
      sent.push({ kind: "request", bytes, text: bytes.toString(), target });
      return Promise.resolve(fake.onSend(target, bytes));
    },
    reply(bytes, source, target) {
      sent.push({ kind: "response", bytes, text: bytes.toString(), target, source });
      return Promise.resolve({ ok: true });
    },
    viaFor: () => ({ host: OUR_ENDPOINT.address, port: OUR_ENDPOINT.port }),
    isOurs: (host, port) => host === OUR_ENDPOINT.address && port === OUR_ENDPOINT.port,
    listeners: () => [OUR_ENDPOINT],
    isConnected: (connection) => fake.open.has(connection),
    onClosed: (listener) => {
      closed.push(listener);
    },
    async stop() {
      fake.isOpen = false;
    },
  };
  return fake;
}
