/** Sends octets by UDP or TCP and counts what is answered. */

import { createSocket, type Socket as Datagrams } from "node:dgram";
import { connect, type Socket } from "node:net";

export class Attacker {
  /** Final statuses in the order of their coming. */
  readonly statuses: number[] = [];
  readonly #udp: Datagrams;
  readonly #streams = new Set<Socket>();

  private constructor(
    udp: Datagrams,
    private readonly target: { readonly address: string; readonly port: number },
  ) {
    this.#udp = udp;
    udp.on("message", (bytes) => this.#take(bytes.toString("latin1")));
    udp.on("error", () => undefined);
  }

  static open(
    address: string,
    target: { readonly address: string; readonly port: number },
  ): Promise<Attacker> {
    const udp = createSocket("udp4");
    return new Promise((resolve) =>
      udp.bind(0, address, () => {
        udp.setRecvBufferSize(4 << 20);
        resolve(new Attacker(udp, target));
      }),
    );
  }

  /** Host and port for a Via. */
  get via(): string {
    const { address, port } = this.#udp.address();
    return `${address}:${port}`;
  }

  byUdp(bytes: Buffer): Promise<void> {
    return new Promise((resolve) =>
      this.#udp.send(bytes, this.target.port, this.target.address, () => resolve()),
    );
  }

  /** A connection of its own; resolves when the gateway has answered or closed, or after a moment of silence. */
  byTcp(bytes: Buffer): Promise<void> {
    return new Promise((resolve) => {
      const socket = connect({ host: this.target.address, port: this.target.port });
      this.#streams.add(socket);
      const end = (): void => {
        clearTimeout(timer);
        socket.destroy();
        this.#streams.delete(socket);
        resolve();
      };
      const timer = setTimeout(end, SILENCE_MS);
      socket.on("error", end);
      socket.on("close", end);
      socket.on("data", (answer) => {
        this.#take(answer.toString("latin1"));
        end();
      });
      socket.write(bytes);
    });
  }

  close(): void {
    this.#udp.close();
    for (const socket of this.#streams) socket.destroy();
  }

  #take(text: string): void {
    const status = /^SIP\/2\.0 ([2-6]\d\d) /.exec(text)?.[1];
    if (status !== undefined) this.statuses.push(Number(status));
  }
}

/** An answer on loopback takes a few milliseconds; a busy machine some more. Nothing is judged by it. */
const SILENCE_MS = 300;
