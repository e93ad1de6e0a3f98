/** What an XMPP user meets beside messages and presence: cards, search, the address prompt, commands. One door for all. */

import { bareJid, parseJid } from "../../core/address/jid";
import { answerAddressPrompt } from "../../core/service/address-prompt";
import { type Refusal, refusalOf, resultOf } from "../../core/service/answer";
import type { IqService } from "../../core/service/iq-service";
import { SERVICE } from "../../core/service/namespaces";
import { avatarElement, vcardElement } from "../../core/service/vcard";
import { childElements, type Element } from "../../xml/element";
import { RateLimiter } from "../rate/rate-limiter";
import { Cards } from "./cards";
import { CommandDesk } from "./command-desk";
import { allCommands } from "./commands/all";
import { type Asker, Askers } from "./people";
import { PeopleSearch } from "./people-search";
import { Sessions } from "./sessions";
import type { ServiceParts } from "./sides";

export interface Service extends IqService {
  /**
   * For the presence of a SIP user (bare JID on a component host): SHA-1 of his picture in lower-case hex, "" for none, undefined
   * when that is not known now. At once when the directory remembers him; `avatarElement` makes the element of it (XEP-0153).
   */
  avatarHash(jid: string): string | undefined | Promise<string | undefined>;
  /**
   * The element for the presence of a SIP user, as far as it is known at this moment (XEP-0153 §3.1: an empty one says nothing of
   * his picture); the next presence knows more. Undefined: cards are not shown here.
   */
  avatarOf(jid: string): Element | undefined;
}

/** Makes the service of what there is: what a part is missing for is neither answered nor discovered. */
export function createService(parts: ServiceParts): Service {
  return new RunningService(parts);
}

class RunningService implements Service {
  readonly offers: IqService["offers"];
  readonly #parts: ServiceParts;
  readonly #askers: Askers;
  readonly #rates: RateLimiter;
  readonly #cards: Cards | undefined;
  readonly #search: PeopleSearch | undefined;
  readonly #desk: CommandDesk | undefined;

  constructor(parts: ServiceParts) {
    const { options, domains, directory, clock, ids } = parts;
    this.#parts = parts;
    this.#askers = new Askers(options, domains);
    this.#rates = new RateLimiter({ sender: { burst: options.burst, perSecond: options.perSecond } }, 0);
    this.#cards = directory && options.cards ? new Cards(directory, domains) : undefined;
    this.#search =
      directory && options.search ? new PeopleSearch(directory, domains, options.search) : undefined;
    this.#desk = options.commands
      ? new CommandDesk(allCommands(parts), new Sessions(options, clock, ids))
      : undefined;
    this.offers = this.#offers();
  }

  avatarHash(jid: string): string | undefined | Promise<string | undefined> {
    return this.#cards === undefined ? "" : this.#cards.avatarHash(jid);
  }

  avatarOf(jid: string): Element | undefined {
    const hash = this.#cards?.avatarHash(jid);
    if (this.#cards === undefined) return undefined;
    return avatarElement(hash instanceof Promise ? undefined : hash);
  }

  answer(iq: Element): Element | Promise<Element> | undefined {
    const [query] = childElements(iq);
    const to = parseJid(iq.attrs.to ?? "");
    const asker = this.#askers.of(iq.attrs.from ?? "");
    if (query === undefined || !to.ok || asker === undefined) return undefined;
    const { local, domain, resource } = to.value;
    if (local !== undefined && resource !== undefined) return undefined;
    const answer =
      local === undefined
        ? () => this.#host(iq, query, domain, asker)
        : () => this.#person(iq, query, bareJid(to.value), asker);
    if (!this.#isOffered(query, local === undefined ? domain : undefined)) return undefined;
    const admission = this.#rates.admit({ sender: asker.jid }, this.#parts.clock.now());
    if (admission.kind === "pass") return answer();
    this.#parts.counters.add("service.refused.rate");
    return refusalOf(iq, TOO_OFTEN);
  }

  /** Nodes of discovery are those of commands. */
  #isOffered({ ns, name }: Element, host: string | undefined): boolean {
    if (ns === SERVICE.info || ns === SERVICE.items) return host !== undefined && this.#desk !== undefined;
    const { features } = host === undefined ? this.offers.bare : this.offers.host(host);
    return features.includes(ns) && name === NAMES.get(ns);
  }

  #host(iq: Element, query: Element, host: string, asker: Asker): Element | Promise<Element> | undefined {
    const { domains, options } = this.#parts;
    switch (query.ns) {
      case SERVICE.gateway:
        return answerAddressPrompt(iq, query, host, domains, options.numbers);
      case SERVICE.search:
        return this.#search?.answer(iq, query, host, asker);
      case SERVICE.vcard:
        return iq.attrs.type === "get" ? resultOf(iq, vcardElement(OWN_CARD)) : undefined;
      case SERVICE.commands:
        return this.#desk?.execute(iq, query, host, asker);
      case SERVICE.items:
        return this.#desk?.items(iq, query.attrs.node, host, asker);
      case SERVICE.info:
        return this.#desk?.info(iq, query.attrs.node, asker);
      default:
        return undefined;
    }
  }

  #person(iq: Element, query: Element, jid: string, asker: Asker): Element | Promise<Element> | undefined {
    return query.ns === SERVICE.vcard ? this.#cards?.answer(iq, jid, asker) : undefined;
  }

  #offers(): IqService["offers"] {
    const cards = this.#cards === undefined ? [] : [SERVICE.vcard];
    const search = this.#search === undefined ? [] : [SERVICE.search];
    const commands = this.#desk === undefined ? [] : [SERVICE.commands];
    const identities =
      this.#search === undefined ? [] : [{ category: "directory", type: "user", name: "People on SIP" }];
    const features = [SERVICE.gateway, ...search, ...cards, ...commands];
    return {
      host: (address) => ({
        identities,
        features: this.#keepsMessages(address) ? [...features, MSGOFFLINE] : features,
      }),
      bare: { features: cards },
    };
  }

  #keepsMessages(address: string): boolean {
    const to = parseJid(address);
    return to.ok && this.#parts.waits?.(to.value.domain) === true;
  }
}

/** XEP-0160 §4. */
const MSGOFFLINE = "msgoffline";
/** The one element of each namespace that asks something. */
const NAMES: ReadonlyMap<string, string> = new Map([
  [SERVICE.gateway, "query"],
  [SERVICE.search, "query"],
  [SERVICE.vcard, "vCard"],
  [SERVICE.commands, "command"],
]);
const OWN_CARD = { name: "Isthmus, a gateway between SIP and XMPP" };
const TOO_OFTEN: Refusal = {
  type: "wait",
  condition: "resource-constraint",
  text: "You have asked too often. Please wait some seconds.",
};
