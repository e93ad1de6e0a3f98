/** Real sipsak: one MESSAGE, from a file: its own message mode (-M) crashes in Debian 12. */

import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { sharedAddress } from "./ports";
import { Program, temporaryFolder } from "./processes";

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
  const own = options.address ?? (await sharedAddress());
  const file = join(temporaryFolder("sipsak"), "message");
  writeFileSync(file, request(options));
  const program = new Program({
    name: "sipsak",
    program: "sipsak",
    packageName: "sipsak",
    // It looks the domain of -s up at once, unless it knows the proxy already: -p comes first.
    args: [
      ...["-p", `${address}:${port}`, "-E", options.transport ?? "udp", "-k", own, "-H", own],
      ...["-vvv", "-f", file, "-L", "-s", options.to],
    ],
    env: { LC_ALL: "C.UTF-8" },
  });
  program.start();
  const exitCode = await program.exited;
  const statuses = [...program.log().matchAll(/^\s*SIP\/2\.0 (\d+)/gm)].map((match) => Number(match[1]));
  return { exitCode, status: statuses.at(-1) ?? 0, output: program.log() };
}

// sipsak puts its own Via on top.
function request({ to, from, body }: SipsakOptions): string {
  return [
    `MESSAGE ${to} SIP/2.0`,
    `From: <${from}>;tag=${randomBytes(4).toString("hex")}`,
    `To: <${to}>`,
    `Call-ID: ${randomBytes(8).toString("hex")}`,
    "CSeq: 1 MESSAGE",
    "Max-Forwards: 70",
    "Content-Type: text/plain;charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "",
    body,
  ].join("\r\n");
}
