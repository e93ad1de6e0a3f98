/** Answers REGISTER: who may, what is written, what the phone is told. RFC 3261 §10.3, RFC 5626 §6, RFC 5627 §5.2, RFC 3327 §5.3. */

import type { SipUri } from "../../core/address/sip-uri";
import type { SipRegisterInput } from "../../core/input";
import type { Binding } from "../../core/registrar/binding";
import { type RegisterDecision, register } from "../../core/registrar/register";
import { type Rejection, reject } from "../../core/rejection";
import type { Clock, Counters, Directory, Ids, Log, SipAnswer } from "../sides";
import type { Addressed, RegistrarAddresses } from "./addresses";
import type { BindingBook } from "./binding-book";
import type { RegistrarOptions } from "./options";

export interface RegisterFlowParts {
  readonly options: RegistrarOptions;
  readonly book: BindingBook;
  readonly addresses: RegistrarAddresses;
  /** Knows aliases; absent: there are none. */
  readonly directory: Pick<Directory, "bySip"> | undefined;
  readonly isOurs: (host: string, port: number | undefined) => boolean;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly counters: Counters;
}

type Accepted = Extract<RegisterDecision, { kind: "accept" }>;

export class RegisterFlow {
  readonly #parts: RegisterFlowParts;

  constructor(parts: RegisterFlowParts) {
    this.#parts = parts;
  }

  /** A 200 is given only when what it says is on disk. Never rejects. */
  async handle(input: SipRegisterInput): Promise<SipAnswer> {
    try {
      const registrant = this.#registrant(input);
      const person = registrant instanceof Promise ? await registrant : registrant;
      if (typeof person !== "string") return this.#refuse(input, person);
      return await this.#register(input, person);
    } catch (error) {
      this.#parts.log.error({ rid: input.rid, error }, "registration not kept");
      return this.#refuse(input, reject("OVERLOADED", "the store did not take it"), DISK_SECONDS);
    }
  }

  /** §10.3 steps 4 and 5: the person of To, whom only he himself may register. Later where an alias is to be looked up. */
  #registrant(input: SipRegisterInput): string | Rejection | Promise<string | Rejection> {
    const { addresses } = this.#parts;
    const to = addresses.of(input.toUri);
    const from = addresses.of(input.fromUri);
    if (!isPerson(to)) return reject("DOMAIN_NOT_SERVED", "no address of record of ours");
    if (isPerson(from) && from.person === to.person) return to.person;
    return this.#registrantByAlias(input, from);
  }

  async #registrantByAlias(
    input: SipRegisterInput,
    from: Addressed | undefined,
  ): Promise<string | Rejection> {
    const { addresses } = this.#parts;
    const alias = await this.#parts.directory?.bySip(input.toUri);
    if (alias?.kind === "unavailable") return reject("OVERLOADED", "the directory cannot say");
    const named = alias?.kind === "found" ? addresses.of(alias.value.sipUri) : undefined;
    if (isPerson(named) && isPerson(from) && named.person === from.person) return named.person;
    return reject("REGISTERED_FOR_OTHER");
  }

  async #register(input: SipRegisterInput, person: string): Promise<SipAnswer> {
    const { book, clock, ids, options } = this.#parts;
    // Read, decided and written in one turn, so that two requests of one person cannot cross.
    const rows = book.bindingsOf(person);
    const decision = register(input, person, rows, {
      now: clock.now(),
      random: ids.random(EPOCH_BITS),
      settings: options.settings,
      leadsBack: (contact) => this.#leadsBack(contact, input),
    });
    if (decision.kind === "refuse") return this.#refuse(input, decision.rejection);
    const isMore = decision.puts.some(({ key }) => rows.every((row) => row.key !== key));
    if (isMore && !input.isNeighbour && book.isFull(input.flow.address, options.maximumPerAddress))
      return this.#refuse(input, reject("OVERLOADED", "too many from one address"), FULL_SECONDS);
    await book.change(person, rows, decision, input.flow.connection);
    return this.#accepted(input, person, decision);
  }

  #accepted(input: SipRegisterInput, person: string, decision: Accepted): SipAnswer {
    const { counters, log, options } = this.#parts;
    const { puts, bindings, isOutbound } = decision;
    const what = puts.length > 0 ? "registered" : input.contacts.length > 0 ? "unregistered" : "fetched";
    counters.add(`registrar.${what}`);
    log.debug({ rid: input.rid, person, what, devices: bindings.length }, "registration");
    const headers: (readonly [string, string])[] = bindings.map((row) => [
      "Contact",
      this.#contact(input, row),
    ]);
    for (const value of input.path) headers.push(["Path", value]);
    if (isOutbound) headers.push(["Require", "outbound"], ["Flow-Timer", String(options.flowSeconds)]);
    return { status: 200, reason: "OK", headers };
  }

  /** Step 8, with the GRUUs of RFC 5627 §5.2. */
  #contact(input: SipRegisterInput, row: Binding): string {
    const { clock, addresses, options } = this.#parts;
    const seconds = Math.max(1, Math.round((row.expiresAt - clock.now()) / 1000));
    const parts = [`<${row.contact}>;expires=${seconds}`];
    if (row.q < HIGHEST_Q) parts.push(`q=${row.q / HIGHEST_Q}`);
    if (row.instance !== undefined) parts.push(`+sip.instance="<${row.instance}>"`);
    if (row.regId !== undefined) parts.push(`reg-id=${row.regId}`);
    if (row.instance !== undefined && options.gruu && input.supported.includes("gruu")) {
      const known = addresses.publicGruu(row.person, row.resource);
      const temporary = addresses.temporaryGruu(row.person, row.epoch);
      if (known !== undefined) parts.push(`pub-gruu="${known}"`);
      if (temporary !== undefined) parts.push(`temp-gruu="${temporary}"`);
    }
    return parts.join(";");
  }

  /** RFC 5627 §5.1: an address of record, a GRUU, or a listener of ours. What a NAT hides is not asked, since nobody sends there. */
  #leadsBack({ host, port }: SipUri, { flow }: SipRegisterInput): boolean {
    if (this.#parts.addresses.servesHost(host)) return true;
    const bare = host.startsWith("[") ? host.slice(1, -1) : host;
    return bare === flow.address && this.#parts.isOurs(host, port);
  }

  #refuse(input: SipRegisterInput, rejection: Rejection, retryAfter?: number): SipAnswer {
    const { counters, log } = this.#parts;
    counters.add(`registrar.refused.${rejection.code}`);
    log.info(
      {
        rid: input.rid,
        to: input.toUri.slice(0, LOGGED_MAXIMUM),
        from: input.fromUri.slice(0, LOGGED_MAXIMUM),
        source: input.flow.address,
        code: rejection.code,
        detail: rejection.detail,
      },
      "registration refused",
    );
    const headers = [...(rejection.sipHeaders ?? [])];
    const seconds = retryAfter ?? (rejection.sipStatus === 503 ? DISK_SECONDS : undefined);
    if (seconds !== undefined) headers.push(["Retry-After", String(seconds)]);
    return { status: rejection.sipStatus, reason: rejection.text, headers };
  }
}

function isPerson(addressed: Addressed | undefined): addressed is Addressed {
  return addressed !== undefined && addressed.person !== "";
}

const EPOCH_BITS = 96;
const HIGHEST_Q = 1000;
/** Seconds: a disk or a directory that fails may be back soon. */
const DISK_SECONDS = 30;
/** Seconds: others must go first. */
const FULL_SECONDS = 300;
const LOGGED_MAXIMUM = 256;
