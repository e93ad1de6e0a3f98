/** What an LDAP entry says about a person. */

import type { Mutable } from "../../core/mutable";
import type { DigestSecret, Person, PersonCard } from "../../gateway/sides";
import { type Addresses, type SipAddress, sipKey } from "../addresses";
import type { Question } from "../source";
import { type AttributeSource, parseAttribute } from "./attributes";
import type { EntryValues } from "./entry-values";
import type { LdapAttributes, LdapOptions } from "./options";
import { photoOf } from "./photo";

/** `sign-in`: by username, and no more than that needs. */
export type AskedAs = Question["kind"] | "sign-in";

/** Reads entries by the attributes of one source. */
export class EntryReader {
  readonly sipSources: readonly AttributeSource[];
  readonly jidSources: readonly AttributeSource[];
  readonly #options: LdapOptions;
  readonly #addresses: Addresses;
  readonly #sources: Readonly<Partial<Record<keyof LdapAttributes, AttributeSource>>>;
  readonly #allowed: { readonly source: AttributeSource; readonly value: string } | undefined;

  constructor(options: LdapOptions, addresses: Addresses) {
    this.#options = options;
    this.#addresses = addresses;
    const { allowed, digestPrefix: _, ...places } = options.attributes;
    const sources: Partial<Record<keyof LdapAttributes, AttributeSource>> = {};
    for (const [key, text] of Object.entries(places)) {
      const source = parseAttribute(text);
      if (source !== undefined) sources[key as keyof LdapAttributes] = source;
    }
    this.#sources = sources;
    const source = allowed === undefined ? undefined : parseAttribute(allowed.attribute);
    this.#allowed =
      allowed === undefined || source === undefined
        ? undefined
        : { source, value: allowed.value.toLowerCase() };
    const some = (...keys: (keyof LdapAttributes)[]) => keys.flatMap((key) => sources[key] ?? []);
    this.sipSources = some("sip", "aliases");
    this.jidSources = some("jid", "jidAliases");
  }

  source(key: keyof LdapAttributes): AttributeSource | undefined {
    return this.#sources[key];
  }

  /** Attributes to ask for: digests only for whoever signs in, and little else for him. */
  attributesFor(kind: AskedAs): readonly string[] {
    const names = new Set<string>();
    for (const [key, { attribute }] of Object.entries(this.#sources))
      if (this.#isAskedFor(kind, key as keyof LdapAttributes)) names.add(attribute);
    if (this.#allowed !== undefined) names.add(this.#allowed.source.attribute);
    return [...names];
  }

  #isAskedFor(kind: AskedAs, key: keyof LdapAttributes): boolean {
    const isDigest = DIGESTS.some((digest) => digest.key === key);
    // Under a filter of the operator's own the username may stand in any attribute.
    if (kind === "sign-in" && this.#options.filters.username === undefined)
      return isDigest || key === "username" || key === "sip" || key === "jid";
    return !isDigest || kind === "username" || kind === "sign-in";
  }

  /** Undefined when the entry has neither an address on SIP nor one on XMPP that the rules know. */
  person(values: EntryValues): Person | undefined {
    const own = this.#jids(values, "jid");
    const ownJid = own.length < 2 ? own[0] : own.sort()[0];
    const sips = this.#sips(values, "sip");
    const ownSip = sips.length < 2 ? sips[0] : sips.sort(byUri)[0];
    const sip = ownSip ?? (ownJid === undefined ? undefined : this.#addresses.sipOfJid(ownJid));
    const jid = ownJid ?? (sip === undefined ? undefined : this.#addresses.jidOfSip(sip.uri));
    if (sip === undefined || jid === undefined) return undefined;
    const name = values.text(this.#sources.name);
    const card = this.#card(values);
    return Object.freeze({
      id: values.dn,
      sipUri: sip.uri,
      jid,
      isAllowed: this.#isAllowed(values),
      ...(name === undefined ? undefined : { name }),
      ...(card === undefined ? undefined : { card }),
    });
  }

  /** Does the entry really hold what was asked for? LDAP compares more loosely than addresses do (RFC 4518). */
  isMeant(values: EntryValues, question: Question): boolean {
    if (question.kind === "username") return this.#hasUsername(values, question.username);
    const { kind, sip, jid } = question;
    const jids = [...this.#jids(values, "jid"), ...this.#jids(values, "jidAliases")];
    if (kind === "jid" && jids.includes(jid)) return true;
    if (sip === undefined) return false;
    const key = sipKey(sip);
    if (this.#sips(values, "sip").some((one) => sipKey(one) === key)) return true;
    if (this.#sips(values, "aliases").some((one) => sipKey(one) === key)) return true;
    // Whoever has a JID alone is asked for by the SIP address that the rules make of it.
    return jids.some((one) => {
      const made = this.#addresses.sipOfJid(one);
      return made !== undefined && sipKey(made) === key;
    });
  }

  /** Digests that the entry holds for this username; of two for one algorithm neither is believed. */
  digests(values: EntryValues, username: string): DigestSecret["ha1"] {
    const prefix = (this.#options.attributes.digestPrefix ?? "")
      .replaceAll("{realm}", () => this.#options.realm)
      .replaceAll("{username}", () => username);
    const ha1: Mutable<DigestSecret["ha1"]> = {};
    for (const { key, algorithm, pattern } of DIGESTS) {
      let digest: string | undefined;
      for (const text of values.texts(this.#sources[key])) {
        const hex = text.startsWith(prefix) ? text.slice(prefix.length).toLowerCase() : "";
        if (!pattern.test(hex) || hex === digest) continue;
        digest = digest === undefined ? hex : AMBIGUOUS;
      }
      if (digest !== undefined && digest !== AMBIGUOUS) ha1[algorithm] = digest;
    }
    return ha1;
  }

  /**
   * Is it his name, to the letter? Else each spelling that LDAP takes for the same would be a username of its own to
   * whoever counts wrong passwords. Under a filter of the operator's own the name may stand in any attribute.
   */
  #hasUsername(values: EntryValues, username: string): boolean {
    if (this.#options.filters.username === undefined)
      return values.texts(this.#sources.username).includes(username);
    return values.someText(
      (text) =>
        text === username || text === `sip:${username}` || this.#addresses.readSip(text)?.user === username,
    );
  }

  #isAllowed(values: EntryValues): boolean {
    const allowed = this.#allowed;
    if (allowed === undefined) return true;
    return values.texts(allowed.source).some((text) => text.toLowerCase() === allowed.value);
  }

  #card(values: EntryValues): PersonCard | undefined {
    const card: Record<string, unknown> = {};
    for (const key of CARD_KEYS) {
      const text = values.text(this.#sources[key]);
      if (text !== undefined) card[key] = text;
    }
    const octets = values.octets(this.#sources.photo);
    const photo = octets === undefined ? undefined : photoOf(octets, this.#options.limits.photoOctets);
    if (photo !== undefined) card.photo = photo;
    return Object.keys(card).length === 0 ? undefined : (card as PersonCard);
  }

  #sips(values: EntryValues, key: "sip" | "aliases"): SipAddress[] {
    return values.texts(this.#sources[key]).flatMap((text) => this.#addresses.readSip(text) ?? []);
  }

  #jids(values: EntryValues, key: "jid" | "jidAliases"): string[] {
    return values.texts(this.#sources[key]).flatMap((text) => this.#addresses.readJid(text) ?? []);
  }
}

function byUri(one: SipAddress, other: SipAddress): number {
  return one.uri < other.uri ? -1 : 1;
}

const DIGESTS = [
  { key: "md5", algorithm: "MD5", pattern: /^[0-9a-f]{32}$/ },
  { key: "sha256", algorithm: "SHA-256", pattern: /^[0-9a-f]{64}$/ },
  { key: "sha512", algorithm: "SHA-512-256", pattern: /^[0-9a-f]{64}$/ },
] as const;
const CARD_KEYS = ["givenName", "familyName", "email", "telephone", "organization", "unit", "title"] as const;
/** No digest looks like this. */
const AMBIGUOUS = "ambiguous";
