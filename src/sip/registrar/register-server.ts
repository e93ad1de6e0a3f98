/** REGISTER on its way to the gateway, and what the answer needs besides. RFC 3261 §10.3, RFC 3608 §6.1. */

import type { SipRegisterInput } from "../../core/input";
import type { Clock, SipAnswer, SipRegisterHandler } from "../../gateway/sides";
import type { Trust, TrustVerdict } from "../auth/trust";
import { formatSipDate } from "../message/date";
import type { HeaderField } from "../message/header-list";
import type { RegistrarSipOptions } from "../options";
import type { ReceivedRequest } from "../transaction/received-request";
import { type ContactTransports, contactFor } from "../user-agent/contact";
import { type InspectContext, inspect, type Refusal } from "../user-agent/inspect";
import { registerInput } from "./to-register-input";

export interface RegisterServerDeps {
  readonly handler: SipRegisterHandler;
  readonly options: RegistrarSipOptions;
  readonly trust: Trust;
  readonly transports: ContactTransports;
  readonly context: InspectContext;
  readonly clock: Clock;
}

export class RegisterServer {
  readonly #deps: RegisterServerDeps;
  /** The newest Date: in a rush thousands of answers bear the same. */
  #date: { readonly second: number; readonly field: HeaderField } | undefined;

  constructor(deps: RegisterServerDeps) {
    this.#deps = deps;
  }

  /** What the gateway is asked, or why it is not; later where the directory has to be asked. Never rejects. */
  read(
    received: ReceivedRequest,
    now: number,
  ): SipRegisterInput | Refusal | Promise<SipRegisterInput | Refusal> {
    const refusal = inspect(received, this.#deps.context);
    if (refusal !== undefined) return refusal;
    const verdict = this.#deps.trust.judge(received, now);
    return verdict instanceof Promise
      ? verdict.then((later) => input(received, later))
      : input(received, verdict);
  }

  /** Never rejects for what a peer did; the gateway catches its own mistakes. */
  async answer(received: ReceivedRequest, register: SipRegisterInput): Promise<SipAnswer> {
    const answer = await this.#deps.handler(register);
    if (answer.status < 200 || answer.status > 299) return answer;
    return { ...answer, headers: [...answer.headers, ...this.#more(received)] };
  }

  /** §10.3 step 8: phones without a clock set theirs by Date. */
  #more({ source }: ReceivedRequest): readonly HeaderField[] {
    const { options, transports } = this.#deps;
    const date = this.#dateField();
    if (!options.serviceRoute) return [date];
    const here = contactFor(transports, source, undefined);
    return [date, ["Service-Route", `${here.slice(0, -1)};lr>`]];
  }

  #dateField(): HeaderField {
    const now = this.#deps.clock.now();
    const second = Math.floor(now / 1000);
    if (this.#date?.second !== second) this.#date = { second, field: ["Date", formatSipDate(now)] };
    return this.#date.field;
  }
}

function input(received: ReceivedRequest, verdict: TrustVerdict): SipRegisterInput | Refusal {
  if (verdict.kind === "refused") return verdict;
  const read = registerInput(received, verdict);
  return typeof read === "string" ? { status: 400, reason: read, headers: [] } : read;
}
