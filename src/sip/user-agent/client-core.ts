/** The UAC: requests out, outcomes in. RFC 3261 §8.1. */

import { parseSipUri } from "../../core/address/sip-uri";
import type { SipDestination, SipDialogRequest, SipMessageOut } from "../../core/effect";
import type { SipDialogOutcome, SipOutcome } from "../../core/input";
import { Later } from "../../core/later";
import { Memo } from "../../core/memo";
import { DEFAULT_SWITCHES } from "../../core/switches";
import type { Clock, Counters, Ids, Log } from "../../gateway/sides";
import { DigestClient } from "../auth/digest-client";
import type { Flows } from "../dialog/flows";
import type { LocateRequest } from "../locate";
import { parseCSeq } from "../message/cseq";
import type { SipResponse } from "../message/message";
import { firstValue } from "../message/values";
import { parseVia } from "../message/via";
import type { SipOptions, SipPeer } from "../options";
import { deviceWay } from "../registrar/device-targets";
import { NonInviteClientTransactions } from "../transaction/non-invite-client";
import type { Target, Transports } from "../transport/transport";
import type { ClientContext } from "./client-context";
import { contactFor } from "./contact";
import { dialogHop } from "./dialog-hop";
import { Exchange, type ExchangePeer, type Finish } from "./exchange";
import { hopFor, type NextHops, routeFor } from "./next-hop";
import { NoTcp } from "./no-tcp";
import type { OutRequest } from "./out-request";
import {
  dialogOutcomeOf,
  localOutcome,
  notifyOutcomeOf,
  type PublishOutcome,
  publishOutcomeOf,
} from "./outcome";

export interface ClientDeps {
  readonly transports: Transports;
  readonly locator: NextHops;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly counters: Counters;
  readonly flows: Flows;
}

interface Neighbour extends ExchangePeer {
  /** Its proxy. */
  readonly hop: LocateRequest | undefined;
}

export class ClientCore {
  readonly #context: ClientContext;
  readonly #deps: ClientDeps;
  readonly #maximum: number;
  readonly #peers = new Map<string, Neighbour>();
  readonly #uris = new Memo(parseSipUri, REMEMBERED_URIS);
  #open = 0;

  constructor(options: SipOptions, deps: ClientDeps) {
    this.#deps = deps;
    this.#maximum = options.maximumClientTransactions;
    this.#context = {
      transactions: new NonInviteClientTransactions(options.timers, deps),
      locator: deps.locator,
      noTcp: new NoTcp(deps.clock),
      userAgent: options.software,
      log: deps.log,
      viaFor: (target) => deps.transports.viaFor(target),
      contactFor: (target, uri) => {
        const parsed = this.#uris.of(uri);
        return contactFor(deps.transports, target, parsed.ok ? parsed.value.user : undefined);
      },
    };
    for (const peer of options.peers) this.#addPeer(peer);
    if (!this.#peers.has(DEFAULT_PEER.name)) this.#addPeer(DEFAULT_PEER);
  }

  /** Requests without an outcome yet. */
  get open(): number {
    return this.#open;
  }

  /** Sends one request; resolves with how it ended, never rejects. @param to a registered device */
  send(method: "MESSAGE" | "OPTIONS", message: SipMessageOut, to?: SipDestination): Later<SipOutcome> {
    const later = new Later<SipOutcome>();
    const finish: Finish = (outcome) => later.settle(outcome);
    if (to === undefined) this.#sendOutside(method, message, finish);
    else this.#sendToDevice({ method, message, device: to }, to, finish);
    return later;
  }

  /** Sends one PUBLISH; the same otherwise. */
  publish(message: SipMessageOut): Promise<PublishOutcome> {
    return new Promise((resolve) => {
      this.#sendOutside("PUBLISH", message, (outcome, cseq, response) =>
        resolve(publishOutcomeOf(outcome, cseq, response)),
      );
    });
  }

  /** Sends one REGISTER, with our own Contact (RFC 3261 §10.2). @param registrar Request-URI, which is the domain alone */
  register(message: SipMessageOut, registrar: string): Promise<SipOutcome> {
    const peer = this.#peerOf(message.peer);
    const dialog = { requestUri: registrar, toTag: undefined, routes: [] };
    return new Promise((resolve) => {
      this.#start({ method: "REGISTER", message, dialog }, peer, peer.hop ?? hopFor(registrar), resolve);
    });
  }

  /** Sends one SUBSCRIBE or NOTIFY; the same otherwise. */
  sendInDialog(request: SipDialogRequest, to?: SipDestination): Promise<SipDialogOutcome> {
    return new Promise((resolve) => {
      const finish: Finish =
        request.method === "NOTIFY"
          ? (outcome, cseq) => resolve(notifyOutcomeOf(outcome, cseq))
          : (outcome, cseq, response) => resolve(dialogOutcomeOf(outcome, cseq, response));
      if (to !== undefined) {
        const { requestUri, routes } = to;
        const dialog = { requestUri, toTag: request.toTag, routes };
        this.#sendToDevice({ method: request.method, message: request, dialog }, to, finish);
        return;
      }
      const peer = this.#peerOf(request.peer);
      const { hop, route, dialog } = dialogHop(request, peer);
      const out: OutRequest = { method: request.method, message: request, dialog };
      const isDirect = request.toTag !== undefined && request.routes.length === 0;
      const flow = isDirect ? this.#deps.flows.targetOf(request.callId, request.fromTag) : undefined;
      this.#start(out, { peer: peer.peer, route, digest: peer.digest }, hop, finish, flow);
    });
  }

  #sendOutside(method: "MESSAGE" | "OPTIONS" | "PUBLISH", message: SipMessageOut, finish: Finish): void {
    const peer = this.#peerOf(message.peer);
    this.#start({ method, message }, peer, peer.hop ?? hopFor(message.toUri), finish);
  }

  #sendToDevice(request: OutRequest, to: SipDestination, finish: Finish): void {
    const { transports } = this.#deps;
    const hop = to.nextHop === undefined ? undefined : hopFor(to.nextHop);
    const way = deviceWay(to, hop, (connection) => transports.isConnected?.(connection) ?? false);
    const { cseq, peer } = request.message;
    if (way.flow === undefined && way.hop === undefined) {
      finish(localOutcome(430, "Flow Failed", false), cseq);
      return;
    }
    this.#start(request, { ...this.#peerOf(peer), route: undefined }, way.hop, finish, way.flow);
  }

  #peerOf(name: string): Neighbour {
    return this.#peers.get(name) ?? (this.#peers.get(DEFAULT_PEER.name) as Neighbour);
  }

  /** @param flow to be tried before what is found */
  #start(
    request: OutRequest,
    peer: ExchangePeer,
    hop: LocateRequest | undefined,
    finish: Finish,
    flow?: Target,
  ): void {
    const { cseq } = request.message;
    if (hop === undefined && flow === undefined) {
      finish(localOutcome(502, "No Server Found", false), cseq);
      return;
    }
    if (this.#open >= this.#maximum) {
      this.#deps.counters.add("sip.client.full");
      finish(localOutcome(503, "Too Much Is Waiting", false), cseq);
      return;
    }
    this.#open++;
    this.#deps.counters.add(OUT_COUNTERS[request.method]);
    const exchange = new Exchange(this.#context, request, peer, (outcome, cseq, response) => {
      this.#open--;
      finish(outcome, cseq, response);
    });
    const located = hop === undefined ? NOWHERE : this.#deps.locator.locate(hop);
    if (!(located instanceof Promise)) {
      exchange.start(flow === undefined ? located : [flow, ...located]);
      return;
    }
    // The locator never rejects; should it, the message ends as one without a next hop and not in silence.
    located.then(
      (targets) => exchange.start(flow === undefined ? targets : [flow, ...targets]),
      () => exchange.start([]),
    );
  }

  /** A response that could be read. §8.1.3.3: one with a second Via was meant for somebody behind us, and is dropped. */
  onResponse(response: SipResponse): void {
    const { read, headers } = response;
    const vias = headers.getAll("Via");
    const first = vias[0] ?? "";
    const via =
      vias.length === 1 && firstValue(first) === first ? (read?.topmostVia ?? parseVia(first)) : undefined;
    const cseq = read?.cseq ?? parseCSeq(headers.get("CSeq") ?? "");
    const isTaken =
      via !== undefined &&
      cseq !== undefined &&
      this.#context.transactions.receive(response, via.branch, cseq.method);
    if (!isTaken) this.#deps.counters.add("sip.dropped.unmatched-response");
  }

  /** Forgets what is open without an outcome: nobody may act on the fate of a message that is not known. */
  stop(): number {
    this.#context.transactions.stop();
    return this.#open;
  }

  #addPeer(peer: SipPeer): void {
    const digest =
      peer.credentials === undefined ? undefined : new DigestClient(peer.credentials, this.#deps.ids);
    const hop = peer.proxy === undefined ? undefined : hopFor(peer.proxy);
    this.#peers.set(peer.name, { peer, route: routeFor(peer), digest, hop });
  }
}

/** For a message whose peer is not configured: its own domain is looked up, nothing else is assumed. */
const DEFAULT_PEER: SipPeer = {
  name: "default",
  domains: [],
  trustedAddresses: [],
  trustedIdentities: [],
  route: false,
  switches: DEFAULT_SWITCHES,
};

const NOWHERE: readonly Target[] = [];
const OUT_COUNTERS: Readonly<Record<OutRequest["method"], string>> = {
  MESSAGE: "sip.out.message",
  OPTIONS: "sip.out.options",
  SUBSCRIBE: "sip.out.subscribe",
  NOTIFY: "sip.out.notify",
  PUBLISH: "sip.out.publish",
  REGISTER: "sip.out.register",
};
/** Users whose Contact need not be read from their address again. */
const REMEMBERED_URIS = 4_096;
