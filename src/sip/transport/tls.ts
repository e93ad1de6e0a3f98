/** TLS: listening and connecting, each side proven by RFC 5922 §7.3 and §7.4. RFC 3261 §26.3.1. */

import { isIP, type Socket } from "node:net";
import { connect, createSecureContext, createServer, type SecureContext, type TLSSocket } from "node:tls";
import { identityMatches, sipIdentities } from "./identity";
import { addressesOf, type Dialled, listen, SOCKET_OPTIONS, type StreamListener } from "./tcp";
import type { Endpoint, ListenerOptions, TlsOptions } from "./transport";

export interface TlsListenerDeps {
  readonly accept: (socket: TLSSocket, identities: readonly string[]) => void;
  readonly onHandshakeError: (error: Error, socket: Socket) => void;
  readonly onError: (error: Error) => void;
  readonly handshakeTimeoutMs: number;
  readonly maximumConnections: number;
}

/** Opens a listener; rejects when the address cannot be had or the certificate and key do not fit. */
export async function openTls(
  options: ListenerOptions,
  tls: TlsOptions,
  deps: TlsListenerDeps,
): Promise<StreamListener> {
  const server = createServer({
    ...SOCKET_OPTIONS,
    ...credentials(tls),
    minVersion: OLDEST_VERSION,
    requestCert: tls.clientCertificate !== "none",
    rejectUnauthorized: tls.clientCertificate === "require",
    handshakeTimeout: deps.handshakeTimeoutMs,
  });
  // Handshakes under way are no connections yet, so they have a limit of their own on top.
  server.maxConnections = deps.maximumConnections + MAXIMUM_HANDSHAKES;
  server.on("secureConnection", (socket) => deps.accept(socket, provenIdentities(socket)));
  server.on("tlsClientError", deps.onHandshakeError);
  return listen(server, options, deps.onError);
}

/** What we show and believe when we connect. Without options: no certificate of our own, and the roots that Node ships. */
export function clientContext(tls: TlsOptions | undefined): SecureContext {
  return createSecureContext({
    ...(tls === undefined ? {} : credentials(tls)),
    minVersion: OLDEST_VERSION,
  });
}

/** @param name domain (sent as SNI too) or IP literal that the server's certificate must prove (RFC 5922 §7.3) */
export function dialTls(
  target: Endpoint,
  name: string,
  context: SecureContext,
  localAddress: string | undefined,
): Dialled {
  const socket = connect({
    ...addressesOf(target, localAddress),
    secureContext: context,
    rejectUnauthorized: true,
    ...(isIP(name) === 0 ? { servername: name } : {}),
    checkServerIdentity: (_host, certificate) => mismatch(sipIdentities(certificate), name),
  });
  // Node heeds these for a TCP socket of its own making only.
  socket.setNoDelay(SOCKET_OPTIONS.noDelay);
  socket.setKeepAlive(SOCKET_OPTIONS.keepAlive, SOCKET_OPTIONS.keepAliveInitialDelay);
  return {
    socket,
    expects: name,
    onOpen: (callback) => socket.once("secureConnect", () => callback(provenIdentities(socket))),
    explain: (error) =>
      refusedCertificate(socket) ? `certificate refused: ${reasonOf(error)}` : error.message,
  };
}

function mismatch(identities: readonly string[], name: string): Error | undefined {
  if (identityMatches(identities, name)) return undefined;
  const shown = identities.slice(0, 5).join(", ") || "no SIP domain";
  return new Error(`it does not name ${name}, but ${shown} (RFC 5922)`);
}

/** §7.4: a peer whose certificate was not shown or not found valid stands for nobody. */
function provenIdentities(socket: TLSSocket): readonly string[] {
  if (!socket.authorized) return [];
  const certificate = socket.getPeerCertificate();
  return certificate.subject === undefined ? [] : sipIdentities(certificate);
}

/** Node leaves the verdict here when it broke off for the certificate's sake; the type says Error, but it is a code. */
function refusedCertificate(socket: TLSSocket): boolean {
  return Boolean(socket.authorizationError);
}

function reasonOf(error: NodeJS.ErrnoException): string {
  return error.code === undefined ? error.message : `${error.message} (${error.code})`;
}

function credentials(tls: TlsOptions): { cert: string; key: string; ca?: string } {
  const own = { cert: tls.certificate, key: tls.key };
  return tls.ca === undefined ? own : { ...own, ca: tls.ca };
}

/** RFC 8996: nothing older is left. */
const OLDEST_VERSION = "TLSv1.2";
/** Peers that are still shaking hands on one listener at once; each costs some 50 KiB and a timer. */
const MAXIMUM_HANDSHAKES = 256;
