/** Requests to registered people: which devices, by which flows, and one outcome of all. RFC 3261 §16.5 to §16.7, RFC 5626 §7. */

import type { SipDialogRequest, SipMessageOut } from "../../core/effect";
import type { SipDialogOutcome, SipOutcome } from "../../core/input";
import { type Binding, isDeviceResource } from "../../core/registrar/binding";
import { bestOutcome, hasVanished } from "../../core/registrar/forked";
import { reject } from "../../core/rejection";
import type { Directory, Log, SipSide } from "../sides";
import type { Addressed, RegistrarAddresses } from "./addresses";
import type { BindingBook } from "./binding-book";

export interface DeliveryParts {
  readonly sip: Pick<SipSide, "send" | "sendInDialog">;
  readonly book: BindingBook;
  readonly addresses: RegistrarAddresses;
  /** Knows aliases; absent: there are none. */
  readonly directory: Pick<Directory, "bySip"> | undefined;
  readonly log: Log;
}

/** The flows of one device, the one to be tried first in front (RFC 5626 §7). */
type Device = readonly Binding[];

export class Delivery {
  readonly #parts: DeliveryParts;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /**
   * Sends a MESSAGE to all devices that the address means, at once; resolves with the first 2xx, else with the best of all
   * outcomes. Nobody there: a 480 of our own. Never rejects.
   */
  async deliver(request: SipMessageOut, to: Addressed): Promise<SipOutcome> {
    const devices = this.#devices(to);
    const found = devices.length > 0 ? devices : await this.#devicesOfAlias(request.toUri, to);
    if (typeof found === "number") return outcome(503, "Directory Unavailable", found);
    if (found.length === 0) return NOBODY;
    return firstOf(found.map((device) => this.#tryFlows(request, device)));
  }

  /** Sends a request of a dialog to the device that its target names, or whose Contact it is; undefined: to none of ours. */
  sendInDialog(request: SipDialogRequest): Promise<SipDialogOutcome> | undefined {
    const { addresses, book, sip } = this.#parts;
    const to = addresses.of(request.requestUri);
    if (to === undefined) {
      const binding = request.routes.length === 0 ? this.#byContact(request) : undefined;
      return binding && sip.sendInDialog(request, book.destinationOf(binding));
    }
    const binding = this.#devices(to)[0]?.[0];
    if (binding === undefined)
      return Promise.resolve({ ...NOBODY, cseq: request.cseq, recordRoute: NO_ROUTES });
    const target = book.destinationOf(binding);
    return sip.sendInDialog(request, { ...target, routes: [...target.routes, ...request.routes] });
  }

  async #tryFlows(request: SipMessageOut, flows: Device): Promise<SipOutcome> {
    const { sip, book } = this.#parts;
    const outcomes: SipOutcome[] = [];
    for (const binding of flows) {
      const outcome = await sip.send(request, book.destinationOf(binding));
      outcomes.push(outcome);
      if (!hasVanished(outcome)) break;
      book.drop(binding);
    }
    return bestOutcome(outcomes);
  }

  #devices({ person, device, epoch }: Addressed): readonly Device[] {
    const { book } = this.#parts;
    if (epoch !== undefined) {
      const binding = book.bindingOfEpoch(epoch);
      return binding === undefined
        ? []
        : this.#devices({ person: binding.person, device: binding.resource, peer: "" });
    }
    const devices = devicesOf(book.bindingsOf(person));
    if (device === undefined) return devices;
    const named = devices.filter(([flow]) => flow?.resource.toLowerCase() === device);
    // A name that no device has told by registering stands in a document: RFC 6121 §8.5.3.2.1 treats it as no name at all.
    return named.length > 0 || isDeviceResource(device) ? named : devices;
  }

  /** @returns the seconds to wait, where the directory cannot say */
  async #devicesOfAlias(uri: string, to: Addressed): Promise<readonly Device[] | number> {
    const { directory, addresses } = this.#parts;
    if (directory === undefined || to.person === "") return [];
    const answer = await directory.bySip(uri);
    if (answer.kind === "unavailable") return answer.retryAfter;
    const named = answer.kind === "found" ? addresses.of(answer.value.sipUri) : undefined;
    if (named === undefined || named.person === to.person) return [];
    return this.#devices(to.device === undefined ? named : { ...named, device: to.device });
  }

  /** A NAT lets in only what comes by the flow of the registration; the Contact of a dialog is the one that was registered. */
  #byContact({ requestUri, toUri }: SipDialogRequest): Binding | undefined {
    const { addresses, book } = this.#parts;
    const person = addresses.of(toUri)?.person ?? "";
    if (person === "") return undefined;
    const target = addresses.read(requestUri);
    if (!target.ok) return undefined;
    const { user, host, port } = target.value;
    return book
      .bindingsOf(person)
      .filter(({ contact }) => {
        const uri = addresses.read(contact);
        return uri.ok && uri.value.host === host && uri.value.port === port && uri.value.user === user;
      })
      .sort(newestFirst)[0];
  }
}

/** Devices, the preferred one first; of each its flows, the newest first. */
function devicesOf(bindings: readonly Binding[]): readonly Device[] {
  const byDevice = new Map<string, Binding[]>();
  for (const binding of [...bindings].sort(preferredFirst)) {
    const flows = byDevice.get(binding.resource);
    if (flows === undefined) byDevice.set(binding.resource, [binding]);
    else flows.push(binding);
  }
  return [...byDevice.values()].map((flows) => flows.sort(newestFirst));
}

function preferredFirst(one: Binding, other: Binding): number {
  return other.q - one.q || newestFirst(one, other);
}

function newestFirst(one: Binding, other: Binding): number {
  return other.registeredAt - one.registeredAt;
}

/** §16.7: the first 2xx at once; all others wait for the last. */
function firstOf(attempts: readonly Promise<SipOutcome>[]): Promise<SipOutcome> {
  return new Promise((resolve, refuse) => {
    const outcomes: SipOutcome[] = [];
    for (const attempt of attempts) {
      attempt.then((outcome) => {
        outcomes.push(outcome);
        if (outcome.status < 300) resolve(outcome);
        else if (outcomes.length === attempts.length) resolve(bestOutcome(outcomes));
      }, refuse);
    }
  });
}

function outcome(status: number, reason: string, retryAfter: number): SipOutcome {
  return { status, reason, retryAfter, local: true, maybeDelivered: false };
}

const NOBODY: SipOutcome = {
  status: 480,
  reason: reject("NOT_REGISTERED").text,
  local: true,
  maybeDelivered: false,
};
const NO_ROUTES: readonly string[] = [];
