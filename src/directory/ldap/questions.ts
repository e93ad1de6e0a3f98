/** Questions as LDAP searches. RFC 4511 §4.5.1. */

import type { Question } from "../source";
import type { LdapSearch } from "./connection";
import type { AskedAs, EntryReader } from "./entry";
import { addressFilter, anyOf, contains, equals, FilterTemplate, type Values } from "./filter";
import type { LdapAttributes, LdapOptions } from "./options";

export class LdapQuestions {
  readonly #options: LdapOptions;
  readonly #reader: EntryReader;
  readonly #templates: Readonly<Partial<Record<"sip" | "jid" | "username" | "search", FilterTemplate>>>;
  readonly #attributes: Readonly<Record<AskedAs, readonly string[]>>;

  constructor(options: LdapOptions, reader: EntryReader) {
    this.#options = options;
    this.#reader = reader;
    const templates: Record<string, FilterTemplate> = {};
    for (const kind of ["sip", "jid", "username", "search"] as const) {
      const template = options.filters[kind];
      if (template !== undefined) templates[kind] = new FilterTemplate(template);
    }
    this.#templates = templates;
    this.#attributes = {
      sip: reader.attributesFor("sip"),
      jid: reader.attributesFor("jid"),
      username: reader.attributesFor("username"),
      "sign-in": reader.attributesFor("sign-in"),
    };
  }

  /** Two entries are enough to know that there is not just one. Undefined: nobody can have this address here. */
  searchFor(question: Question): LdapSearch | undefined {
    if (question.kind === "username" && question.realm !== this.#options.realm) return undefined;
    const template = this.#templates[question.kind];
    const filter = template === undefined ? this.#made(question) : template.fill(valuesOf(question));
    if (filter === undefined) return undefined;
    const kind = question.kind === "username" && !question.isWhole ? "sign-in" : question.kind;
    return this.#search(filter, this.#attributes[kind], 2);
  }

  /** Every word must be found in some attribute. Undefined: no word is long enough. */
  searchForWords(words: string, limit: number): LdapSearch | undefined {
    const wanted = words.split(SPACE).filter((word) => word.length >= SHORTEST_WORD && !UNFIT.test(word));
    const filters = wanted.slice(0, MAXIMUM_WORDS).flatMap((word) => this.#wordFilter(word) ?? []);
    if (filters.length === 0) return undefined;
    const { results, page } = this.#options.limits;
    return { ...this.#search(filters.join(""), this.#attributes.sip, Math.min(limit, results)), page };
  }

  #search(filter: string, attributes: readonly string[], limit: number): LdapSearch {
    const { base, scope, filters } = this.#options;
    return { base, scope, filter: `(&${filters.person}${filter})`, attributes, limit };
  }

  #made(question: Question): string | undefined {
    if (question.kind !== "username")
      return addressFilter(question, this.#reader.sipSources, this.#reader.jidSources);
    const source = this.#reader.source("username");
    return source === undefined ? undefined : equals(source.attribute, question.username);
  }

  #wordFilter(word: string): string | undefined {
    const template = this.#templates.search;
    if (template !== undefined) return template.fill({ words: word });
    const names = SEARCHED.flatMap((key) => this.#reader.source(key)?.attribute ?? []);
    return anyOf([...new Set(names)].map((attribute) => contains(attribute, word)));
  }
}

function valuesOf(question: Question): Values {
  if (question.kind === "username") return { username: question.username };
  const { sip, jid } = question;
  return {
    ...(sip === undefined
      ? {}
      : { user: sip.user, domain: sip.domain, address: `${sip.user}@${sip.domain}` }),
    ...(jid === undefined ? {} : { jid }),
  };
}

const SEARCHED: readonly (keyof LdapAttributes)[] = ["name", "sip", "aliases", "jid", "email"];
const SPACE = /\s+/;
/** A single letter would be found nearly everywhere. */
const SHORTEST_WORD = 2;
/** More narrow nothing down. */
const MAXIMUM_WORDS = 5;
const UNFIT = /[\u0000-\u001f\u007f-\u009f\ufffd\ud800-\udfff]/u;
