/** Cards and pictures of people on SIP, from the directory. XEP-0054, XEP-0153 §3.1. */

import { createHash } from "node:crypto";
import { jidTargetToSip } from "../../core/address/domains";
import { type Refusal, refusalOf, resultOf } from "../../core/service/answer";
import { type Card, vcardElement } from "../../core/service/vcard";
import type { DomainTable } from "../../core/tables";
import type { Element } from "../../xml/element";
import type { Directory, Person, PersonCard } from "../sides";
import { type Asker, whenLooked } from "./people";

export class Cards {
  readonly #directory: Directory;
  readonly #domains: DomainTable;
  /** A picture is hashed once for as long as the directory remembers it. */
  readonly #hashes = new WeakMap<Uint8Array, string>();

  constructor(directory: Directory, domains: DomainTable) {
    this.#directory = directory;
    this.#domains = domains;
  }

  /** The card of the person whom the IQ is for; the empty one for whoever is unknown, and for strangers. */
  answer(iq: Element, jid: string, asker: Asker): Element | Promise<Element> {
    if (iq.attrs.type !== "get") return refusalOf(iq, NOT_YOURS);
    if (!asker.isServed) return resultOf(iq, vcardElement({}));
    return whenLooked(this.#directory.byJid(jid), (found) => {
      switch (found.kind) {
        case "found":
          return resultOf(iq, vcardElement(this.#cardOf(jid, found.value)));
        case "unknown":
          return resultOf(iq, vcardElement({}));
        case "unavailable":
          return refusalOf(iq, unavailable(found.retryAfter));
      }
    });
  }

  /**
   * SHA-1 of a person's picture in lower-case hex, "" when there is none; undefined: the directory cannot say now.
   * At once when the directory remembers the person.
   */
  avatarHash(jid: string): string | undefined | Promise<string | undefined> {
    return whenLooked(this.#directory.byJid(jid), (found) => {
      if (found.kind === "unavailable") return undefined;
      const photo = found.kind === "found" ? photoOf(found.value) : undefined;
      return photo === undefined ? "" : this.#hash(photo.octets);
    });
  }

  #cardOf(jid: string, person: Person): Card {
    if (!person.isAllowed) return {};
    const { photo: _, ...card } = person.card ?? {};
    const photo = photoOf(person);
    const target = jidTargetToSip(jid, this.#domains);
    return {
      ...(person.name === undefined ? {} : { name: person.name }),
      ...card,
      jid,
      ...(target.ok ? { uri: target.value.uri } : {}),
      ...(photo && { photo: { type: photo.type, base64: Buffer.from(photo.octets).toString("base64") } }),
    };
  }

  #hash(octets: Uint8Array): string {
    const known = this.#hashes.get(octets);
    if (known !== undefined) return known;
    const hash = createHash("sha1").update(octets).digest("hex");
    this.#hashes.set(octets, hash);
    return hash;
  }
}

/** The directory cannot say now: nobody is told that there is nobody. */
export function unavailable(retryAfter: number): Refusal {
  const text = `The directory cannot be asked at the moment. Please try again in ${retryAfter} seconds.`;
  return { type: "wait", condition: "resource-constraint", text };
}

/** A picture that fits into a stanza; his card and his presence agree about it. */
function photoOf({ isAllowed, card }: Person): PersonCard["photo"] {
  const photo = isAllowed ? card?.photo : undefined;
  return photo !== undefined && photo.octets.length <= LARGEST_PHOTO ? photo : undefined;
}

/** With a third more for base64 it stays below the 256 KiB that servers take from a component; XEP-0153 §4.1 advises 8 KiB. */
const LARGEST_PHOTO = 128 * 1024;
const NOT_YOURS: Refusal = {
  type: "auth",
  condition: "forbidden",
  text: "The card of somebody on SIP is kept in the directory and cannot be changed here.",
};
