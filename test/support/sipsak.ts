/** Real sipsak: one MESSAGE from the command line. */

import { holdAddress } from "./ports";
import { Program } from "./processes";

export interface SipsakOptions {
  readonly to: string;
  readonly from: string;
  readonly body: string;
  /** Where it is sent. */
  readonly target: { readonly address: string; readonly port: number };
  readonly transport?: "udp" | "tcp";
  readonly address?: string;
}

export interface SipsakResult {
  /** 0 when the answer was a 2xx. */
  readonly exitCode: number | null;
  /** Status of the last answer, 0 when there was none. */
  readonly status: number;
  readonly output: string;
}

/** Sends one MESSAGE and waits for sipsak to end. */
export async function runSipsak(options: SipsakOptions): Promise<SipsakResult> {
  const { address, port } = options.target;
  const program = new Program({
    name: "sipsak",
    program: "sipsak",
    packageName: "sipsak",
    // It looks the domain of -s up at once, unless it knows the proxy already: -p comes first.
    args: [
      ...["-p", `${address}:${port}`, "-E", options.transport ?? "udp"],
      ...["-k", options.address ?? (await holdAddress())],
      ...["-i", "-vvv", "-M", "-B", options.body, "--from", options.from, "-s", options.to],
    ],
    env: { LC_ALL: "C.UTF-8" },
  });
  program.start();
  const exitCode = await program.exited;
  const statuses = [...program.log().matchAll(/^SIP\/2\.0 (\d+)/gm)].map((match) => Number(match[1]));
  return { exitCode, status: statuses.at(-1) ?? 0, output: program.log() };
}
