/** An open, secured socket to an LDAP server: TCP, TLS from the first octet, or StartTLS (RFC 4511 §4.14, RFC 4513 §3.1). */

import { connect, isIP, type Socket } from "node:net";
import { createSecureContext, type SecureContext, type TLSSocket, connect as tlsConnect } from "node:tls";
import { extendedResult, messageLength } from "./ber";
import type { LdapServerAddress } from "./options";
import { LdapFailure, serverProblem } from "./problem";

export interface SocketOptions {
  readonly startTls: boolean;
  readonly ca?: string;
}

export type OpenSocket = (server: LdapServerAddress) => Opening;

/** A socket on its way. `cancel` ends it at once, and `ready` rejects. */
export interface Opening {
  readonly ready: Promise<Socket>;
  cancel(): void;
}

/** Makes the opener of one source; its TLS context is made once. */
export function socketOpener({ startTls, ca }: SocketOptions): OpenSocket {
  const context = createSecureContext({ minVersion: "TLSv1.2", ...(ca === undefined ? {} : { ca }) });
  return (server) => {
    let current: Socket | undefined;
    const watch = <S extends Socket>(socket: S): S => {
      current = socket;
      return socket;
    };
    const open = async (): Promise<Socket> => {
      const { host, port } = server;
      if (server.isTls) return opened(watch(secured(host, context, { port })), "secureConnect");
      const plain = await opened(watch(connect({ host, port, noDelay: true })), "connect");
      if (!startTls) return plain;
      await askForTls(plain);
      return opened(watch(secured(host, context, { socket: plain })), "secureConnect");
    };
    return { ready: open(), cancel: () => void current?.destroy() };
  };
}

/** The host's name must be in its certificate (RFC 4513 §3.1.3): Node checks it. */
function secured(
  host: string,
  secureContext: SecureContext,
  over: { port: number } | { socket: Socket },
): TLSSocket {
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const socket = tlsConnect({ host, secureContext, rejectUnauthorized: true, ...servername, ...over });
  socket.setNoDelay(true);
  return socket;
}

function opened<S extends Socket>(socket: S, event: "connect" | "secureConnect"): Promise<S> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      socket.off(event, succeed).off("error", fail).off("close", close);
      end();
    };
    const succeed = () => settle(() => resolve(socket));
    const fail = (error: Error) => {
      settle(() => reject(error));
      socket.on("error", () => undefined).destroy(); // another one may follow
    };
    const close = () => fail(new LdapFailure(serverProblem("closed")));
    socket.once(event, succeed).once("error", fail).once("close", close);
  });
}

/** One request, one answer, and nothing behind it: what an intruder adds before TLS must not be read after. */
function askForTls(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const settle = (problem: LdapFailure | undefined) => {
      socket.off("data", take).off("error", fail).off("close", close).pause();
      if (problem === undefined) return resolve();
      socket.on("error", () => undefined).destroy();
      reject(problem);
    };
    const take = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const length = messageLength(received);
      const isWhole = length !== undefined && !(received.length < length);
      if (!isWhole && received.length <= LONGEST_ANSWER) return;
      const code = length === received.length ? extendedResult(received) : undefined;
      settle(
        code === 0 ? undefined : new LdapFailure(serverProblem("start-tls", `refused (${code ?? "?"})`)),
      );
    };
    const fail = () => settle(new LdapFailure(serverProblem("closed")));
    const close = fail;
    socket.on("data", take).once("error", fail).once("close", close);
    socket.write(START_TLS);
  });
}

/** ExtendedRequest 1 with the name 1.3.6.1.4.1.1466.20037. */
const START_TLS = Buffer.from(
  `301d02010177188016${Buffer.from("1.3.6.1.4.1.1466.20037").toString("hex")}`,
  "hex",
);
/** Octets. An ExtendedResponse with the diagnostic message of a talkative server. */
const LONGEST_ANSWER = 4_096;
