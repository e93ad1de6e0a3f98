/** Starts the sink and speaks with it. */

import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { SinkCommand, SinkReport } from "./sink";

export class Sink {
  readonly #child: ChildProcess;
  readonly port: number;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async open(host: string, port = 0): Promise<Sink> {
    const child = fork(join(__dirname, "sink.js"), [host, String(port)]);
    const { port: bound } = await message<{ port: number }>(child, (told) => "port" in told);
    return new Sink(child, bound);
  }

  /** Resolves when a component has shaken hands. */
  connected(): Promise<unknown> {
    return message(this.#child, (told) => "ready" in told);
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
    this.#child.send(command);
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
