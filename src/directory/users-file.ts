/** The users file as a source: everything is in memory. */

import type { DirectoryAnswer, Person } from "../gateway/sides";
import { type Addresses, sipKey } from "./addresses";
import type { ListedPerson, UsersOptions } from "./options";
import { type Found, type Question, type Source, UNKNOWN } from "./source";

/** Makes the source. Who has no JID by the rules nor of his own is left out: nobody could write to him. */
export function usersSource({ name, people }: UsersOptions, addresses: Addresses): Source {
  const index = new UsersIndex(addresses);
  for (const one of people) index.add(one);
  return {
    name,
    find: (question) => answer(index.find(question)),
    search: async (words, limit) => ({ kind: "found", value: index.search(words, limit) }),
    stop: async () => undefined,
  };
}

function answer(found: Found | undefined): DirectoryAnswer<Found> {
  return found === undefined ? UNKNOWN : { kind: "found", value: found };
}

class UsersIndex {
  readonly #addresses: Addresses;
  readonly #bySip = new Map<string, Person>();
  readonly #byJid = new Map<string, Person>();
  readonly #byUsername = new Map<string, Found>();

  constructor(addresses: Addresses) {
    this.#addresses = addresses;
  }

  add(listed: ListedPerson): void {
    const person = this.#personOf(listed);
    if (person === undefined) return;
    const { username, realm, ha1 } = listed;
    this.#byUsername.set(usernameKey(username, realm), { person, ha1 });
  }

  find(question: Question): Found | undefined {
    if (question.kind === "username")
      return this.#byUsername.get(usernameKey(question.username, question.realm));
    const { sip, jid } = question;
    const person =
      (sip === undefined ? undefined : this.#bySip.get(sipKey(sip))) ??
      (jid === undefined ? undefined : this.#byJid.get(jid));
    return person === undefined ? undefined : { person };
  }

  search(words: string, limit: number): Person[] {
    const wanted = words
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== "");
    if (wanted.length === 0) return [];
    const found: Person[] = [];
    for (const person of new Set(this.#bySip.values())) {
      if (found.length >= limit) break;
      const text =
        `${person.name ?? ""} ${person.sipUri} ${person.jid} ${person.card?.email ?? ""}`.toLowerCase();
      if (wanted.every((word) => text.includes(word))) found.push(person);
    }
    return found;
  }

  /** The person of an address that was listed before, else a new one under all of its addresses. */
  #personOf(listed: ListedPerson): Person | undefined {
    const sip = this.#addresses.readSip(listed.uri);
    if (sip === undefined) return undefined;
    const known = this.#bySip.get(sipKey(sip));
    if (known?.sipUri === sip.uri) return known;
    const own = listed.jid === undefined ? undefined : this.#addresses.readJid(listed.jid);
    const jid = own ?? this.#addresses.jidOfSip(sip.uri);
    if (jid === undefined) return undefined;
    const { username: id, isAllowed, name, card } = listed;
    const person: Person = Object.freeze({
      id,
      sipUri: sip.uri,
      jid,
      isAllowed,
      ...(name === undefined ? {} : { name }),
      ...(card === undefined ? {} : { card }),
    });
    this.#know(person, listed);
    return person;
  }

  #know(person: Person, { uri, jid, aliases }: ListedPerson): void {
    for (const text of [uri, ...(jid === undefined ? [] : [jid]), ...aliases]) {
      const isUri = URI.test(text);
      const asJid = isUri ? this.#addresses.jidOfSip(text) : this.#addresses.readJid(text);
      const asSip = isUri
        ? this.#addresses.readSip(text)
        : asJid === undefined
          ? undefined
          : this.#addresses.sipOfJid(asJid);
      if (asSip !== undefined) setOnce(this.#bySip, sipKey(asSip), person);
      if (asJid !== undefined) setOnce(this.#byJid, asJid, person);
    }
  }
}

/** The configuration refuses an address that two have; the JID form of one may still be the JID of another. */
function setOnce(map: Map<string, Person>, key: string, person: Person): void {
  if (!map.has(key)) map.set(key, person);
}

function usernameKey(username: string, realm: string): string {
  return `${realm.length} ${realm}${username}`;
}

const URI = /^(?:sips?|tel):/i;
