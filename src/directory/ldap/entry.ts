/** What an LDAP entry says about a person. */

import type { Entry } from "ldapts";
import type { DigestSecret, Person, PersonCard } from "../../gateway/sides";
import { type Addresses, type SipAddress, sipKey } from "../addresses";
import type { Question } from "../source";
import { type AttributeSource, parseAttribute, saidBy } from "./attributes";
import type { LdapAttributes, LdapOptions } from "./options";
import { photoOf } from "./photo";

/** A person as an entry has him, with all the addresses under which he may be asked for. */
export interface ReadEntry {
  readonly person: Person;
  readonly sipKeys: ReadonlySet<string>;
  /** Those that stand in the entry. */
  readonly jids: ReadonlySet<string>;
}

/** Reads entries by the attributes of one source. */
export class EntryReader {
  readonly sipSources: readonly AttributeSource[];
  readonly jidSources: readonly AttributeSource[];
  readonly #attributes: LdapAttributes;
  readonly #options: LdapOptions;
  readonly #addresses: Addresses;
  readonly #sources = new Map<keyof LdapAttributes, AttributeSource>();

  constructor(options: LdapOptions, addresses: Addresses) {
    this.#options = options;
    this.#attributes = options.attributes;
    this.#addresses = addresses;
    for (const [key, text] of Object.entries(options.attributes)) {
      const source = typeof text === "string" && key !== "digestPrefix" ? parseAttribute(text) : undefined;
      if (source !== undefined) this.#sources.set(key as keyof LdapAttributes, source);
    }
    const some = (...keys: (keyof LdapAttributes)[]) => keys.flatMap((key) => this.source(key) ?? []);
    this.sipSources = some("sip", "aliases");
    this.jidSources = some("jid", "jidAliases");
  }

  source(key: keyof LdapAttributes): AttributeSource | undefined {
    return this.#sources.get(key);
  }

  /** Attributes to ask for; digests only for whoever signs in. */
  attributesFor(kind: Question["kind"]): readonly string[] {
    const names = new Set<string>();
    for (const [key, { attribute }] of this.#sources)
      if (kind === "username" || !DIGESTS.some((digest) => digest.key === key)) names.add(attribute);
    const { allowed } = this.#attributes;
    if (allowed !== undefined) names.add(allowed.attribute);
    return [...names];
  }

  /** Undefined when the entry has neither an address on SIP nor one on XMPP that the rules know. */
  read(entry: Entry): ReadEntry | undefined {
    const values = valuesOf(entry);
    const texts = (key: keyof LdapAttributes) => this.#texts(values, key);
    const sips = texts("sip")
      .flatMap((text) => this.#addresses.readSip(text) ?? [])
      .sort(byUri);
    const jids = texts("jid")
      .flatMap((text) => this.#addresses.readJid(text) ?? [])
      .sort();
    const sip = sips[0] ?? (jids[0] === undefined ? undefined : this.#addresses.sipOfJid(jids[0]));
    const jid = jids[0] ?? (sip === undefined ? undefined : this.#addresses.jidOfSip(sip.uri));
    if (sip === undefined || jid === undefined) return undefined;
    const aliases = texts("aliases").flatMap((text) => this.#addresses.readSip(text) ?? []);
    const jidAliases = texts("jidAliases").flatMap((text) => this.#addresses.readJid(text) ?? []);
    const name = first(texts("name"));
    const card = this.#card(values);
    return {
      person: Object.freeze({
        id: entry.dn,
        sipUri: sip.uri,
        jid,
        isAllowed: this.#isAllowed(values),
        ...(name === undefined ? {} : { name }),
        ...(card === undefined ? {} : { card }),
      }),
      sipKeys: new Set([sip, ...sips, ...aliases].map(sipKey)),
      jids: new Set([...jids, ...jidAliases]),
    };
  }

  /**
   * Is it his name, to the letter? Else each spelling that LDAP takes for the same would be a username of its own to
   * whoever counts wrong passwords. Under a filter of the operator's own the name may stand in any attribute.
   */
  hasUsername(entry: Entry, username: string): boolean {
    const values = valuesOf(entry);
    if (this.#options.filters.username === undefined)
      return this.#texts(values, "username").includes(username);
    const forms = [username, `sip:${username}`];
    return [...values.values()].flat().some((value) => {
      if (typeof value !== "string") return false;
      return forms.includes(value) || this.#addresses.readSip(value)?.user === username;
    });
  }

  /** Digests that the entry holds for this username; of two for one algorithm neither is believed. */
  digestsOf(entry: Entry, username: string): DigestSecret["ha1"] {
    const values = valuesOf(entry);
    const prefix = (this.#attributes.digestPrefix ?? "")
      .replaceAll("{realm}", () => this.#options.realm)
      .replaceAll("{username}", () => username);
    const ha1: { -readonly [Name in keyof DigestSecret["ha1"]]: DigestSecret["ha1"][Name] } = {};
    for (const { key, algorithm, pattern } of DIGESTS) {
      const digests = this.#texts(values, key)
        .filter((text) => text.startsWith(prefix))
        .map((text) => text.slice(prefix.length).toLowerCase())
        .filter((text) => pattern.test(text));
      if (new Set(digests).size === 1) ha1[algorithm] = digests[0]!;
    }
    return ha1;
  }

  #isAllowed(values: EntryValues): boolean {
    const { allowed } = this.#attributes;
    if (allowed === undefined) return true;
    const wanted = allowed.value.toLowerCase();
    return (values.get(allowed.attribute.toLowerCase()) ?? []).some(
      (value) => typeof value === "string" && value.toLowerCase() === wanted,
    );
  }

  #card(values: EntryValues): PersonCard | undefined {
    const card: Record<string, unknown> = {};
    for (const key of CARD_KEYS) {
      const text = first(this.#texts(values, key));
      if (text !== undefined) card[key] = text;
    }
    const source = this.source("photo");
    const octets = source === undefined ? undefined : values.get(source.attribute.toLowerCase())?.[0];
    const photo = Buffer.isBuffer(octets) ? photoOf(octets, this.#options.limits.photoOctets) : undefined;
    if (photo !== undefined) card.photo = photo;
    return Object.keys(card).length === 0 ? undefined : (card as PersonCard);
  }

  #texts(values: EntryValues, key: keyof LdapAttributes): string[] {
    const source = this.source(key);
    if (source === undefined) return [];
    return (values.get(source.attribute.toLowerCase()) ?? []).flatMap((value) =>
      typeof value === "string" && value !== "" && value.length <= LONGEST_VALUE
        ? [saidBy(source, value)]
        : [],
    );
  }
}

/** Attribute types in lower case: servers write them as their schema does (RFC 4512 §2.5). */
type EntryValues = ReadonlyMap<string, readonly (string | Buffer)[]>;

function valuesOf(entry: Entry): EntryValues {
  const values = new Map<string, readonly (string | Buffer)[]>();
  for (const [type, value] of Object.entries(entry))
    values.set(type.toLowerCase(), Array.isArray(value) ? value : [value]);
  return values;
}

/** Values of an attribute have no order (RFC 4511 §4.1.7): the first by spelling is the same every time. */
function first(texts: readonly string[]): string | undefined {
  return texts.length < 2 ? texts[0] : [...texts].sort()[0];
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
/** Characters. Addresses, names and digests are shorter. */
const LONGEST_VALUE = 1_024;
