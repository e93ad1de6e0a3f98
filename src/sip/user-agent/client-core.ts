/** The UAC: requests out, outcomes in. RFC 3261 §8.1. */

import type { SipMessageOut } from "../../core/effect";
import type { SipOutcome } from "../../core/input";
import { DEFAULT_SWITCHES } from "../../core/switches";
import type { Clock, Counters, Ids, Log } from "../../gateway/sides";
import { DigestClient } from "../auth/digest-client";
import type { LocateRequest } from "../locate";
import { parseCSeq } from "../message/cseq";
import type { SipResponse } from "../message/message";
import { firstValue } from "../message/values";
import { parseVia } from "../message/via";
import type { SipOptions, SipPeer } from "../options";
import { NonInviteClientTransactions } from "../transaction/non-invite-client";
import type { Transports } from "../transport/transport";
import type { ClientContext } from "./client-context";
import { Exchange, type ExchangePeer } from "./exchange";
import { hopFor, type NextHops, routeFor } from "./next-hop";
import { NoTcp } from "./no-tcp";
import type { OutRequest } from "./out-request";
import { localOutcome } from "./outcome";

export interface ClientDeps {
  readonly transports: Transports;
  readonly locator: NextHops;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly counters: Counters;
}

export class ClientCore {
  readonly #context: ClientContext;
  readonly #deps: ClientDeps;
  readonly #maximum: number;
  readonly #peers = new Map<string, ExchangePeer & { readonly hop: LocateRequest | undefined }>();
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
    };
    for (const peer of options.peers) this.#addPeer(peer);
    if (!this.#peers.has(DEFAULT_PEER.name)) this.#addPeer(DEFAULT_PEER);
  }

  /** Requests without an outcome yet. */
  get open(): number {
    return this.#open;
  }

  /** Sends one request; resolves with how it ended, never rejects. */
  send(method: OutRequest["method"], message: SipMessageOut): Promise<SipOutcome> {
    const peer = this.#peers.get(message.peer) ?? this.#peers.get(DEFAULT_PEER.name);
    const hop = peer?.hop ?? hopFor(message.toUri);
    if (peer === undefined || hop === undefined)
      return Promise.resolve(localOutcome(502, "No Server Found", false));
    if (this.#open >= this.#maximum) {
      this.#deps.counters.add("sip.client.full");
      return Promise.resolve(localOutcome(503, "Too Much Is Waiting", false));
    }
    this.#open++;
    this.#deps.counters.add(method === "MESSAGE" ? "sip.out.message" : "sip.out.options");
    return new Promise((resolve) => {
      const exchange = new Exchange(this.#context, { method, message }, peer, (outcome) => {
        this.#open--;
        resolve(outcome);
      });
      const located = this.#deps.locator.locate(hop);
      if (!(located instanceof Promise)) {
        exchange.start(located);
        return;
      }
      // The locator never rejects; should it, the message ends as one without a next hop and not in silence.
      located.then(
        (targets) => exchange.start(targets),
        () => exchange.start([]),
      );
    });
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
