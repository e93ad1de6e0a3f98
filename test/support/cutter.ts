/** A TCP relay that fails on demand: closes, resets, swallows, stalls. For the link between gateway and XMPP server. */

import type { AddressInfo } from "node:net";
import { connect, createServer, type Server, type Socket } from "node:net";

interface Pair {
  readonly number: number;
  readonly client: Socket;
  readonly server: Socket;
}

/** Sees every chunk at the moment at which it is passed on, and on which connection (1, 2 …). */
export type Tap = (direction: "to-server" | "to-client", chunk: Buffer, connection: number) => void;

export class Cutter {
  /** Sees what passes; what is swallowed does not. */
  tap: Tap | undefined;
  readonly #server: Server;
  readonly #target: { readonly address: string; readonly port: number };
  readonly #pairs = new Set<Pair>();
  #connections = 0;
  #refusing = false;
  #swallowing = false;

  private constructor(server: Server, target: { readonly address: string; readonly port: number }) {
    this.#server = server;
    this.#target = target;
    server.on("connection", (client) => this.#join(client));
  }

  static open(address: string, target: { readonly address: string; readonly port: number }): Promise<Cutter> {
    const server = createServer();
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, address, () => resolve(new Cutter(server, target)));
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends every connection with FIN, in both directions. */
  close(): void {
    for (const { client, server } of this.#pairs) {
      client.end();
      server.end();
    }
  }

  /** Ends every connection with RST. */
  reset(): void {
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  /** Reads and drops everything in both directions: packets vanish, nobody is told. New connections hang too. */
  swallow(): void {
    this.#swallowing = true;
  }

  /** Stops reading: the writers' buffers fill. */
  stall(): void {
    for (const { client, server } of this.#pairs) {
      client.pause();
      server.pause();
    }
  }

  /** New connections are reset from now on. */
  refuse(): void {
    this.#refusing = true;
  }

  /** Everything works again; connections that were swallowed are reset. */
  heal(): void {
    this.#refusing = false;
    if (this.#swallowing) this.reset();
    this.#swallowing = false;
  }

  async stop(): Promise<void> {
    this.reset();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket): void {
    client.on("error", () => undefined);
    if (this.#refusing) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ host: this.#target.address, port: this.#target.port });
    server.on("error", () => client.destroy());
    this.#connections += 1;
    const pair = { number: this.#connections, client, server };
    this.#pairs.add(pair);
    this.#relay(client, server, "to-server", pair);
    this.#relay(server, client, "to-client", pair);
  }

  #relay(from: Socket, to: Socket, direction: Parameters<Tap>[0], pair: Pair): void {
    from.setNoDelay(true);
    from.on("data", (chunk) => {
      if (this.#swallowing) return;
      this.tap?.(direction, chunk, pair.number);
      if (!to.write(chunk)) {
        from.pause();
        to.once("drain", () => from.resume());
      }
    });
    from.on("end", () => to.end());
    from.on("close", () => {
      this.#pairs.delete(pair);
      to.destroy();
    });
  }
}
