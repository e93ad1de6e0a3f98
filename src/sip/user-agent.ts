/** A SIP user agent for messages and events: the gateway's SIP side, and the same again as a small phone. RFC 3261 §8, §12. */

import type { SipMessageOut } from "../core/effect";
import type { SipOutcome } from "../core/input";
import type {
  Clock,
  Counters,
  Ids,
  Log,
  SipEventHandler,
  SipMessageHandler,
  SipRegisterHandler,
  SipSide,
} from "../gateway/sides";
import type { SecretSource } from "./auth/secrets";
import { Flows } from "./dialog/flows";
import { DEFAULT_LIMITS } from "./message/limits";
import { type ParseLimits, parseMessage } from "./message/parse";
import type { SipOptions } from "./options";
import type { FramingFault, Source, Transports } from "./transport/transport";
import { ClientCore } from "./user-agent/client-core";
import type { NextHops } from "./user-agent/next-hop";
import type { PublishOutcome } from "./user-agent/outcome";
import { ServerCore } from "./user-agent/server-core";

export interface SipSideDeps {
  readonly transports: Transports;
  readonly locator: NextHops;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly counters: Counters;
  /** Who is who; absent: the users of the options. */
  readonly directory?: SecretSource | undefined;
}

export interface SipUserAgent extends SipSide {
  /**
   * Asks with OPTIONS whether the next hop of `uri` is there (RFC 3261 §11); never rejects.
   * @param peer name of the configured peer whose proxy and credentials serve
   */
  probe(uri: string, fromUri: string, peer: string): PromiseLike<SipOutcome>;
  /** Sends one PUBLISH, as a phone does; Event, Expires and SIP-If-Match are among its headers (RFC 3903 §4). Never rejects. */
  publish(request: SipMessageOut): Promise<PublishOutcome>;
  /** Registers as a phone does; Expires is among the headers (RFC 3261 §10.2). @param registrar such as `sip:sip.example` */
  register(request: SipMessageOut, registrar: string): Promise<SipOutcome>;
}

/** Puts the layers together; nothing is opened before `start`. */
export function createSipSide(options: SipOptions, deps: SipSideDeps): SipUserAgent {
  const { transports, counters, ids, log } = deps;
  const flows = new Flows((connection) => transports.isConnected?.(connection) ?? false);
  const client = new ClientCore(options, { ...deps, flows });
  const limits = { ...DEFAULT_LIMITS, maximumBytes: options.transport.maximumMessageBytes };
  let server: ServerCore | undefined;

  return {
    start(
      onMessage: SipMessageHandler,
      onEvent?: SipEventHandler,
      onRegister?: SipRegisterHandler,
    ): Promise<void> {
      server = new ServerCore(options, { ...deps, flows }, { onMessage, onEvent, onRegister });
      return transports.start(guarded(log, counters, receiver(server, client, counters, limits)));
    },
    send: (request: SipMessageOut, to) => client.send("MESSAGE", request, to),
    sendInDialog: (request, to) => client.sendInDialog(request, to),
    isOurs: (host, port) => transports.isOurs(host, port ?? 5060) || transports.isOurs(host, port ?? 5061),
    publish: (request) => client.publish(request),
    register: (request, registrar) => client.register(request, registrar),
    probe: (uri, fromUri, peer) =>
      client.send("OPTIONS", probeRequest(uri, fromUri, peer, options.accept, ids)),
    drain: () => server?.drain(),
    async stop(): Promise<number> {
      const left = (server?.stop() ?? 0) + client.stop();
      await transports.stop();
      return left;
    },
  };
}

type Receiver = (bytes: Buffer, source: Source, fault?: FramingFault) => void;

/** Parses what came and gives it to the side that it is for. */
function receiver(server: ServerCore, client: ClientCore, counters: Counters, limits: ParseLimits): Receiver {
  return (bytes, source, fault) => {
    if (server.drops(bytes, source)) return;
    const message = parseMessage(bytes, limits);
    if (message.kind === "problem") server.onProblem(message, source);
    else if (message.kind === "response") {
      if (fault === undefined) client.onResponse(message);
      else counters.add("sip.dropped.malformed");
    } else if (fault === undefined) server.onRequest(message, source);
    else server.onProblem({ kind: "problem", ...fault, partial: message }, source);
  };
}

/** A mistake of ours in one message must not end the process for everyone; the peer retransmits or times out. */
function guarded(log: Log, counters: Counters, receive: Receiver): Receiver {
  return (bytes, source, fault) => {
    try {
      receive(bytes, source, fault);
    } catch (error) {
      counters.add("sip.dropped.internal-error");
      log.error({ source: source.address, error }, "message could not be handled");
    }
  };
}

function probeRequest(uri: string, fromUri: string, peer: string, accept: string, ids: Ids): SipMessageOut {
  return {
    toUri: uri,
    fromUri,
    fromTag: ids.random(64),
    callId: ids.random(128),
    cseq: 1,
    branch: ids.random(128),
    contentType: "",
    headers: [["Accept", accept]],
    body: NO_BODY,
    peer,
  };
}

const NO_BODY = Buffer.alloc(0);
