/**
 * The registrar, put between the gateway and its SIP side: phones register here, and what is for them takes their flows.
 * RFC 3261 §10, §16; to the gateway it is a SIP side like any other.
 */

import type { SipMessageInput, SipRegisterInput } from "../../core/input";
import { relayedAnswer, relayedRequest } from "../../core/registrar/relayed";
import { reject } from "../../core/rejection";
import type { Tables } from "../../core/tables";
import type { RelayGuard } from "../lists/relay-guard";
import type { RateLimiter } from "../rate/rate-limiter";
import type { BindingStore, Clock, Counters, Directory, Ids, Log, SipAnswer, SipSide } from "../sides";
import { type Addressed, RegistrarAddresses } from "./addresses";
import { BindingBook } from "./binding-book";
import { Delivery } from "./delivery";
import type { RegistrarOptions } from "./options";
import { RegisterFlow } from "./register-flow";
import { TemporaryGruus } from "./temporary-gruus";

export interface RegistrarParts {
  readonly sip: SipSide;
  readonly options: RegistrarOptions;
  readonly store: BindingStore;
  readonly tables: Pick<Tables, "domains">;
  /** Knows aliases; absent: there are none. */
  readonly directory?: Pick<Directory, "bySip"> | undefined;
  /** Keeps those apart who block each other, and slows who sends too fast; absent: nobody. */
  readonly guard?: Pick<RelayGuard, "handle" | "flush"> | undefined;
  /** How fast a person, and an address, may register; absent: as they like. */
  readonly rates?: RateLimiter | undefined;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly counters: Counters;
}

export interface Registrar {
  /** To be used in place of the SIP side that it was made of. */
  readonly sip: SipSide;
  /** Who is registered. */
  readonly book: BindingBook;
}

/** Puts its parts together; nothing moves until `sip.start`. */
export function createRegistrar(parts: RegistrarParts): Registrar {
  const { sip, options, store, tables, directory, guard } = parts;
  const book = new BindingBook({ ...parts, domains: options.domains });
  const addresses = new RegistrarAddresses(options.domains, tables, new TemporaryGruus(store.gruuKey()));
  const delivery = new Delivery({ sip, book, addresses, directory, log: parts.log });
  const isOurs = (host: string, port: number | undefined) => sip.isOurs?.(host, port) ?? false;
  const register = new RegisterFlow({ ...parts, directory, book, addresses, isOurs });

  /** The answer to somebody who registers all the time. */
  function tooFast({ rid, fromUri, flow }: SipRegisterInput): SipAnswer | undefined {
    const sender = addresses.of(fromUri)?.person ?? fromUri;
    const admission = parts.rates?.admit({ sender, peer: flow.address }, parts.clock.now());
    if (admission?.kind !== "refuse") return undefined;
    parts.counters.add(`registrar.refused.rate.${admission.whose}`);
    parts.log.info({ rid, from: fromUri, whose: admission.whose }, "registration refused");
    const { sipStatus, text } = reject(admission.whose === "peer" ? "PEER_TOO_FAST" : "TOO_FAST");
    return { status: sipStatus, reason: text, headers: [["Retry-After", String(admission.retryAfter)]] };
  }

  async function relay(input: SipMessageInput, to: Addressed): Promise<SipAnswer> {
    parts.counters.add("registrar.relayed");
    const context = {
      // The same for every retransmission, so that a phone can tell a copy.
      fromTag: `${input.transaction.slice(0, TAG_LENGTH)}r`,
      callId: `${input.transaction}-r`,
      branch: `${input.transaction}r`,
      cseq: 1,
      peer: to.peer,
    };
    const outcome = await delivery.deliver(relayedRequest(input, context), to);
    const answer = relayedAnswer(outcome);
    parts.log.debug(
      { rid: input.rid, from: input.fromUri, to: input.requestUri, sipStatus: answer.status },
      "message between two who register here",
    );
    return answer;
  }

  return {
    book,
    sip: {
      async start(onMessage, onEvent): Promise<void> {
        await sip.start(
          (message) => {
            const to = addresses.of(message.requestUri);
            if (to === undefined) return onMessage(message);
            return guard === undefined ? relay(message, to) : guard.handle(message, () => relay(message, to));
          },
          onEvent,
          (request) => tooFast(request) ?? register.handle(request),
        );
        book.start();
      },
      send: (request, device) => {
        const to = device === undefined ? addresses.of(request.toUri) : undefined;
        return to === undefined ? sip.send(request, device) : delivery.deliver(request, to);
      },
      sendInDialog: (request, device) =>
        (device === undefined ? delivery.sendInDialog(request) : undefined) ??
        sip.sendInDialog(request, device),
      isOurs,
      drain: () => {
        guard?.flush();
        sip.drain();
      },
      stop: () => {
        book.stop();
        return sip.stop();
      },
    },
  };
}

const TAG_LENGTH = 16;
