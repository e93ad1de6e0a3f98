/** Starts the sink and speaks with it. */

import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { SinkCommand, SinkReport } from "./sink";

export class Sink {
  readonly #child: ChildProcess;
  readonly #connected: Promise<unknown>;
  readonly port: number;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
    this.#connected = message(child, (told) => "ready" in told);
  }

  /** A server for the component `host`. */
  static open(host: string): Promise<Sink> {
    return Sink.#start([host, "0"]);
  }

  /** A component of the server at `port` itself. */
  static join(host: string, port: number, secret: string): Promise<Sink> {
    return Sink.#start([host, String(port), secret]);
  }

  static async #start(args: readonly string[]): Promise<Sink> {
    const child = fork(join(__dirname, "sink.js"), args);
    const { port } = await message<{ port: number }>(child, (told) => "port" in told);
    return new Sink(child, port);
  }

  /** Resolves when the handshake is done. */
  connected(): Promise<unknown> {
    return this.#connected;
  }

  report(): Promise<SinkReport> {
    const answer = message<SinkReport>(this.#child, (told) => "messages" in told);
    this.#say({ do: "count" });
    return answer;
  }

  reset(): void {
    this.#say({ do: "reset" });
  }

  /** Resolves when all were written. */
  send(rate: number, count: number, users: number): Promise<unknown> {
    const all = message(this.#child, (told) => "sentAll" in told);
    this.#say({ do: "send", rate, count, users });
    return all;
  }

  close(): void {
    this.#child.kill("SIGKILL");
  }

  #say(command: SinkCommand): void {
    if (this.#child.connected) this.#child.send(command);
  }
}

function message<T extends object>(child: ChildProcess, is: (told: object) => boolean): Promise<T> {
  return new Promise((resolve) => {
    const listen = (told: object): void => {
      if (!is(told)) return;
      child.off("message", listen);
      resolve(told as T);
    };
    child.on("message", listen);
  });
}
