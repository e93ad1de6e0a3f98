/** Values of `directory:`. */

import { parseAttribute } from "../directory/ldap/attributes";
import { FilterTemplate } from "../directory/ldap/filter";
import type { LdapServerAddress } from "../directory/ldap/options";
import { HOST_PORT, type Value, value } from "./values";

/** Where an LDAP server listens. */
export const LDAP_SERVER: Value<LdapServerAddress> = value(
  "ldaps://host or ldap://host, with a port if need be, such as ldaps://ldap.example or ldap://127.0.0.1:3890",
  (raw) => {
    const [, scheme, host = "", port] = typeof raw === "string" ? (SERVER.exec(raw) ?? []) : [];
    if (scheme === undefined) return undefined;
    const isTls = scheme === "ldaps";
    const at = HOST_PORT.schema.safeParse(`${host}:${port ?? (isTls ? TLS_PORT : PLAIN_PORT)}`);
    return at.success ? { url: raw as string, ...at.data, isTls } : undefined;
  },
);

/** An attribute, a text with one, or nothing. */
export const ATTRIBUTE = value(
  "the name of an attribute, a text with one in braces, such as {uid}@sip.example, or an empty text",
  (raw) => (typeof raw === "string" && (raw === "" || parseAttribute(raw) !== undefined) ? raw : undefined),
);

/** An attribute by its name alone, or nothing. */
export const ATTRIBUTE_NAME = value("the name of an attribute, or an empty text", (raw) =>
  typeof raw === "string" && (raw === "" || parseAttribute(raw)?.attribute === raw) ? raw : undefined,
);

export const FILTER = value("an LDAP filter in parentheses, such as (uid={username})", (raw) =>
  typeof raw === "string" && raw.startsWith("(") && isTemplate(raw) ? raw : undefined,
);

export const DIGEST_PREFIX = value("a text, such as {realm}:", (raw) =>
  typeof raw === "string" ? raw : undefined,
);

function isTemplate(text: string): boolean {
  try {
    return new FilterTemplate(text).places.length >= 0;
  } catch {
    return false;
  }
}

const SERVER = /^(ldaps?):\/\/(\[[0-9a-fA-F:.]+\]|[^/:\s[\]]+)(?::([0-9]{1,5}))?\/?$/;
const TLS_PORT = 636;
const PLAIN_PORT = 389;
