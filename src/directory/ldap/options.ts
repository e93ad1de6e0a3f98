/** What an LDAP source is told at start. */

export interface LdapOptions {
  readonly kind: "ldap";
  /** Name for logs and commands. */
  readonly name: string;
  /** In the order of preference: the first that works is asked. */
  readonly servers: readonly LdapServerAddress[];
  /** Begin TLS on ldap: servers (RFC 4511 §4.14). */
  readonly startTls: boolean;
  /** PEM text of the authorities; absent: those of Node. */
  readonly ca?: string;
  /** Absent: nobody signs in to LDAP (anonymous). */
  readonly bind?: { readonly dn: string; readonly password: string };
  readonly base: string;
  readonly scope: "sub" | "one";
  /** Realm that the digests were made for. */
  readonly realm: string;
  readonly attributes: LdapAttributes;
  readonly filters: LdapFilters;
  readonly limits: LdapLimits;
}

export interface LdapServerAddress {
  /** As the operator wrote it. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** ldaps: TLS from the first octet. */
  readonly isTls: boolean;
}

/** Where an entry says what: an attribute's name, or a text with one in braces, such as `{uid}@sip.example`. */
export interface LdapAttributes {
  readonly username: string;
  readonly sip?: string;
  readonly aliases?: string;
  readonly jid?: string;
  readonly jidAliases?: string;
  readonly md5?: string;
  readonly sha256?: string;
  readonly sha512?: string;
  /** What stands before each digest, `{realm}` and `{username}` filled in. */
  readonly digestPrefix?: string;
  /** Absent: whoever is found may use the service. */
  readonly allowed?: { readonly attribute: string; readonly value: string };
  readonly name?: string;
  readonly givenName?: string;
  readonly familyName?: string;
  readonly email?: string;
  readonly telephone?: string;
  readonly organization?: string;
  readonly unit?: string;
  readonly title?: string;
  readonly photo?: string;
}

/** Filters of RFC 4515; `{user}` and its like are filled in, escaped. Absent: made from the attributes. */
export interface LdapFilters {
  /** Whoever does not fit this one is nobody. */
  readonly person: string;
  readonly sip?: string;
  readonly jid?: string;
  readonly username?: string;
  readonly search?: string;
}

export interface LdapLimits {
  /** Connections to one server at most. */
  readonly connections: number;
  /** Questions under way on one connection at most. */
  readonly questions: number;
  /** Questions waiting for a connection at most. */
  readonly waiting: number;
  /** Name resolution, TCP, TLS and bind together. Milliseconds. */
  readonly connectMs: number;
  /** One question and its whole answer. */
  readonly queryMs: number;
  /** A server that failed is tried again after this long. */
  readonly retryMs: number;
  /** A connection that was not used for this long is closed. */
  readonly idleMs: number;
  /** Octets of one answer. */
  readonly answerOctets: number;
  /** People of one search by words. */
  readonly results: number;
  /** Entries of one page of it. */
  readonly page: number;
  /** Octets of a photo; a larger one is left out. */
  readonly photoOctets: number;
}

export const DEFAULT_LDAP_LIMITS: LdapLimits = {
  connections: 8,
  questions: 16,
  waiting: 1_000,
  connectMs: 3_000,
  queryMs: 3_000,
  retryMs: 10_000,
  idleMs: 5 * 60_000,
  answerOctets: 1024 ** 2,
  results: 100,
  page: 100,
  photoOctets: 64 * 1024,
};
