/** REGISTER at the registrar. RFC 3261 §10.3 (steps numbered as there), RFC 3327 §5.3, RFC 5626 §6, RFC 5627 §5.1. */

import { parseSipUri, type SipUri } from "../address/sip-uri";
import type { RegisteredContact, SipRegisterInput } from "../input";
import type { Mutable } from "../mutable";
import { type Rejection, reject } from "../rejection";
import { type Binding, bindingKey, deviceResource } from "./binding";

export interface RegisterSettings {
  /** When the phone names none, seconds. */
  readonly expiresSeconds: number;
  readonly minimumExpiresSeconds: number;
  readonly maximumExpiresSeconds: number;
  /** Of one person; one more takes the place of the one refreshed longest ago. */
  readonly maximumBindings: number;
}

export interface RegisterContext {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Fresh, URL-safe, at least 64 bits. */
  readonly random: string;
  readonly settings: RegisterSettings;
  /** Would a request to this Contact come back to us? */
  readonly leadsBack: (contact: SipUri) => boolean;
}

export type RegisterDecision =
  | { readonly kind: "refuse"; readonly rejection: Rejection }
  | {
      readonly kind: "accept";
      /** To be written and removed together, before the answer. */
      readonly puts: readonly Binding[];
      /** Keys. */
      readonly removes: readonly string[];
      /** All that are in force then, for the answer (step 8). */
      readonly bindings: readonly Binding[];
      /** Was a flow registered: `Require: outbound` (RFC 5626 §6)? */
      readonly isOutbound: boolean;
    };

/**
 * Decides what becomes of a REGISTER whose sender is known to be the person (steps 1 to 5 are the caller's).
 * @param rows the person's bindings; what has expired does not count
 */
export function register(
  input: SipRegisterInput,
  person: string,
  rows: readonly Binding[],
  context: RegisterContext,
): RegisterDecision {
  const valid = rows.filter(({ expiresAt }) => expiresAt > context.now);
  if (input.contacts === "all") return removeAll(input, valid);
  const flows = outboundOf(input, input.contacts);
  if (typeof flows !== "boolean") return refused(flows);
  const change = new Change(input, person, valid, flows, context);
  for (const contact of input.contacts) {
    const rejection = change.take(contact);
    if (rejection !== undefined) return refused(rejection);
  }
  return change.decision();
}

/** Step 6: `*` removes everything, with Expires 0 alone; but not what a later request of the same Call-ID has written. */
function removeAll(input: SipRegisterInput, valid: readonly Binding[]): RegisterDecision {
  if (input.expires !== 0) return refused(reject("CONTACT_MALFORMED", "* without Expires: 0"));
  if (valid.some((row) => isOutOfOrder(input, row))) return refused(reject("CSEQ_OUT_OF_ORDER"));
  return { kind: "accept", puts: [], removes: valid.map(({ key }) => key), bindings: [], isOutbound: false };
}

/** RFC 5626 §6: does outbound apply? It takes one flow at a time, and a first hop that keeps it. */
function outboundOf(input: SipRegisterInput, contacts: readonly RegisteredContact[]): boolean | Rejection {
  const withFlow = contacts.filter(
    (one) => one.regId !== undefined && one.instance !== undefined && secondsOf(one, input) !== 0,
  );
  if (withFlow.length === 0) return input.isDirect || input.firstHopKeepsFlows;
  if (contacts.filter((one) => secondsOf(one, input) !== 0).length > 1)
    return reject("CONTACT_MALFORMED", "more than one Contact beside a reg-id");
  if (input.isDirect || input.firstHopKeepsFlows) return true;
  return input.supported.includes("outbound") ? reject("OUTBOUND_UNSUPPORTED") : false;
}

/** Step 7, contact by contact: all of them or none. */
class Change {
  readonly #input: SipRegisterInput;
  readonly #person: string;
  readonly #flows: boolean;
  readonly #context: RegisterContext;
  readonly #bindings: Map<string, Binding>;
  readonly #before: readonly Binding[];
  readonly #puts = new Map<string, Binding>();
  readonly #removes = new Set<string>();
  #isOutbound = false;

  constructor(
    input: SipRegisterInput,
    person: string,
    valid: readonly Binding[],
    flows: boolean,
    context: RegisterContext,
  ) {
    this.#input = input;
    this.#person = person;
    this.#flows = flows;
    this.#context = context;
    this.#before = valid;
    this.#bindings = new Map(valid.map((row) => [row.key, row]));
  }

  take(contact: RegisteredContact): Rejection | undefined {
    const uri = parseSipUri(contact.uri);
    if (!uri.ok || !isSip(uri.value)) return reject("CONTACT_UNUSABLE", "no SIP URI");
    const seconds = this.#grant(contact);
    if (typeof seconds !== "number") return seconds;
    const instance = contact.instance;
    const regId = this.#flows && instance !== undefined ? contact.regId : undefined;
    const key = bindingKey(uri.value, this.#input.flow, instance, regId);
    const known = this.#bindings.get(key);
    if (known !== undefined && isOutOfOrder(this.#input, known)) return reject("CSEQ_OUT_OF_ORDER");
    if (seconds === 0) {
      this.#remove(key);
      return undefined;
    }
    // RFC 5627 §5.1: it would go in circles.
    if (this.#context.leadsBack(uri.value)) return reject("CONTACT_UNUSABLE", "leads back to us");
    this.#isOutbound ||= regId !== undefined && this.#input.supported.includes("outbound");
    this.#put(contact, key, regId, seconds);
    return undefined;
  }

  decision(): RegisterDecision {
    this.#makeRoom();
    return {
      kind: "accept",
      puts: [...this.#puts.values()],
      removes: [...this.#removes],
      bindings: [...this.#bindings.values()],
      isOutbound: this.#isOutbound,
    };
  }

  /** Seconds; never more than was asked for, and never refused from an hour up (step 7). */
  #grant(contact: RegisteredContact): number | Rejection {
    const { minimumExpiresSeconds, maximumExpiresSeconds, expiresSeconds } = this.#context.settings;
    const asked = secondsOf(contact, this.#input);
    const seconds = asked ?? expiresSeconds;
    if (asked !== undefined && seconds > 0 && seconds < minimumExpiresSeconds && seconds < AN_HOUR) {
      return reject("INTERVAL_TOO_BRIEF", `${seconds} s`, [["Min-Expires", String(minimumExpiresSeconds)]]);
    }
    return Math.min(seconds, maximumExpiresSeconds);
  }

  #put(contact: RegisteredContact, key: string, regId: number | undefined, seconds: number): void {
    const { callId, cseq, path, flow } = this.#input;
    // No connection outlives this process, and the next one counts them from 1 again.
    const { transport, address, port, local } = flow;
    const { now } = this.#context;
    const { instance } = contact;
    if (instance !== undefined && regId === undefined) this.#forgetEarlierLife(instance, key);
    const binding: Mutable<Binding> = {
      person: this.#person,
      key,
      resource: deviceResource(instance, key),
      contact: contact.uri,
      q: contact.q ?? HIGHEST_Q,
      callId,
      cseq,
      expiresAt: now + seconds * 1000,
      registeredAt: now,
      path,
      flow: { transport, address, port, local },
      epoch: instance === undefined ? "" : this.#epochOf(deviceResource(instance, key)),
    };
    if (instance !== undefined) binding.instance = instance;
    if (regId !== undefined) binding.regId = regId;
    this.#bindings.set(key, binding);
    this.#puts.set(key, binding);
    this.#removes.delete(key);
  }

  /** [ours] The same instance with another Contact and another Call-ID: the device was started anew, and its old Contact is dead. */
  #forgetEarlierLife(instance: string, key: string): void {
    const resource = deviceResource(instance, key);
    for (const row of this.#before) {
      if (row.resource === resource && row.key !== key && row.callId !== this.#input.callId)
        this.#remove(row.key);
    }
  }

  /** RFC 5627 §5.1: another Call-ID than that of the newest registration ends all temporary GRUUs of the device. */
  #epochOf(resource: string): string {
    let newest: Binding | undefined;
    for (const row of this.#bindings.values()) {
      if (row.resource === resource && (newest === undefined || row.registeredAt > newest.registeredAt))
        newest = row;
    }
    return newest?.callId === this.#input.callId ? newest.epoch : this.#context.random;
  }

  #remove(key: string): void {
    this.#puts.delete(key);
    if (this.#bindings.delete(key)) this.#removes.add(key);
  }

  #makeRoom(): void {
    const { maximumBindings } = this.#context.settings;
    while (this.#bindings.size > maximumBindings) {
      const oldest = [...this.#bindings.values()].reduce((first, row) =>
        row.registeredAt < first.registeredAt ? row : first,
      );
      this.#remove(oldest.key);
    }
  }
}

/** Seconds that a Contact asks for: its own parameter, else Expires (step 7). */
function secondsOf(contact: RegisteredContact, input: SipRegisterInput): number | undefined {
  return contact.expires ?? input.expires;
}

/**
 * Step 7: within one Call-ID an earlier request may come later; what a newer one has written stays. [ours] The very same
 * request again is the retransmission of one that was written, and not answered before we were killed: it does no harm.
 */
function isOutOfOrder({ callId, cseq }: SipRegisterInput, row: Binding): boolean {
  return row.callId === callId && cseq < row.cseq;
}

function isSip({ scheme }: SipUri): boolean {
  return scheme === "sip" || scheme === "sips";
}

function refused(rejection: Rejection): RegisterDecision {
  return { kind: "refuse", rejection };
}

const AN_HOUR = 3600;
/** §10.2.1.2 leaves the default open; without any, all are equal. */
const HIGHEST_Q = 1000;
