/** Search of people on SIP in the directory, for those whom the gateway serves. XEP-0055. */

import { sipSenderToJid } from "../../core/address/domains";
import { bareJid, parseJid } from "../../core/address/jid";
import { type Refusal, refusalOf, resultOf } from "../../core/service/answer";
import {
  type FoundPerson,
  readSearch,
  type SearchQuery,
  searchFields,
  searchResult,
} from "../../core/service/search";
import type { DomainTable } from "../../core/tables";
import type { Element } from "../../xml/element";
import type { Directory, Person } from "../sides";
import { unavailable } from "./cards";
import type { SearchOptions } from "./options";
import { type Asker, whenLooked } from "./people";

export class PeopleSearch {
  readonly #directory: Directory;
  readonly #domains: DomainTable;
  readonly #options: SearchOptions;

  constructor(directory: Directory, domains: DomainTable, options: SearchOptions) {
    this.#directory = directory;
    this.#domains = domains;
    this.#options = options;
  }

  /** @param host component host that is asked: people whose JIDs are there are found */
  answer(iq: Element, query: Element, host: string, asker: Asker): Element | Promise<Element> {
    if (!asker.isServed) return refusalOf(iq, NOT_FOR_STRANGERS);
    if (iq.attrs.type === "get") return resultOf(iq, searchFields());
    const asked = readSearch(query, this.#options.minimumLetters);
    if ("condition" in asked) return refusalOf(iq, asked);
    return this.#search(iq, asked, host, asker);
  }

  /** Somebody whom the directory knows and does not let in does not search it either. */
  async #search(iq: Element, asked: SearchQuery, host: string, asker: Asker): Promise<Element> {
    const refusal = await whenLooked(this.#directory.byJid(asker.jid), (answer) => {
      if (answer.kind === "unavailable") return unavailable(answer.retryAfter);
      return answer.kind === "found" && !answer.value.isAllowed ? NOT_FOR_STRANGERS : undefined;
    });
    if (refusal !== undefined) return refusalOf(iq, refusal);
    const { limit } = this.#options;
    // One more tells whether there are more.
    const answer = await this.#directory.search(asked.words, limit + 1);
    if (answer.kind === "unavailable") return refusalOf(iq, unavailable(answer.retryAfter));
    const people = answer.kind === "found" ? answer.value : [];
    const found = people.slice(0, limit).flatMap((person) => this.#found(person, host));
    return resultOf(iq, searchResult(found, { byForm: asked.byForm, isCut: people.length > limit }));
  }

  /** Whoever may not use the service, or is not reached through this host, is not shown. */
  #found(person: Person, host: string): FoundPerson[] {
    const mapped = person.isAllowed ? sipSenderToJid(person.sipUri, this.#domains) : undefined;
    const jid = mapped?.ok === true ? parseJid(mapped.value.jid) : undefined;
    if (jid?.ok !== true || jid.value.domain !== host) return [];
    const { name, sipUri, card } = person;
    const { givenName = "", familyName = "", email = "" } = card ?? {};
    return [
      {
        jid: bareJid(jid.value),
        uri: sipUri,
        name: name ?? `${givenName} ${familyName}`.trim(),
        givenName,
        familyName,
        email,
      },
    ];
  }
}

const NOT_FOR_STRANGERS: Refusal = {
  type: "auth",
  condition: "forbidden",
  text: "Only people of this organization may search here.",
};
