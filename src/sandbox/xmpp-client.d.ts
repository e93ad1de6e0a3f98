/** The parts of the XMPP client library that the sandbox uses; the packages ship no types. */

declare module "@xmpp/client-core" {
  interface Stanza {
    is(name: string): boolean;
    attrs: Record<string, string>;
    getChildText(name: string): string | null;
  }
  class Client {
    constructor(options: { service: string; domain: string });
    jid?: { toString(): string };
    start(): Promise<unknown>;
    stop(): Promise<unknown>;
    send(element: unknown): Promise<void>;
    on(event: "stanza", listener: (stanza: Stanza) => void): void;
    on(event: "error", listener: (error: Error) => void): void;
  }
  function xml(name: string, attrs?: Record<string, string>, ...children: unknown[]): unknown;
}

declare module "@xmpp/tcp" {
  export default function tcp(parts: { entity: unknown }): unknown;
}
declare module "@xmpp/middleware" {
  export default function middleware(parts: { entity: unknown }): unknown;
}
declare module "@xmpp/iq/caller" {
  export default function iqCaller(parts: { entity: unknown; middleware: unknown }): unknown;
}
declare module "@xmpp/stream-features" {
  export default function streamFeatures(parts: { middleware: unknown }): unknown;
}
declare module "@xmpp/sasl" {
  export default function sasl(
    parts: { streamFeatures: unknown },
    credentials: { username: string; password: string },
  ): unknown;
}
declare module "@xmpp/sasl-plain" {
  export default function plain(sasl: unknown): void;
}
declare module "@xmpp/resource-binding" {
  export default function resourceBinding(
    parts: { iqCaller: unknown; streamFeatures: unknown },
    resource: string,
  ): void;
}
