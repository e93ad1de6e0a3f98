/** The part of @xmpp/component 0.13.1 that we use; the package brings no types of its own. */

declare module "@xmpp/component" {
  import type { EventEmitter } from "node:events";
  import type { Socket } from "node:net";

  export interface StreamParserLike extends EventEmitter {
    write(text: string): void;
  }

  /** Underscored members are the library's own, replaced by component-stream.ts where they are at fault. */
  export interface Entity extends EventEmitter {
    readonly reconnect: { stop(): void };
    readonly socket: Socket | null;
    readonly parser: StreamParserLike | null;
    timeout: number;
    Parser: new () => StreamParserLike;
    socketParameters: (service: string) => object;
    _onData: (data: Buffer) => void;
    _onElement: (element: object) => void;
    _onParserError: (error: Error) => void;
    connect(service: string): Promise<unknown>;
    open(options: { domain: string }): Promise<unknown>;
  }

  /** `password` is hashed as Latin-1 text, one octet a character. */
  export function component(options: { service: string; domain: string; password: string }): Entity;
}
