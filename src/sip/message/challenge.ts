/** Challenges and credentials: WWW-Authenticate, Authorization and their Proxy- kin. RFC 3261 §20.7, §20.44, §25.1. */

import { COMMA, EQUAL, skipSpace, tokenEnd } from "./characters";
import { parameterValueEnd, quoteString, unquoteString } from "./values";

export interface AuthenticationValue {
  /** As spelled; compare without case ("Digest"). */
  readonly scheme: string;
  /** By lower-case name, quotes and escapes undone. */
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * Reads WWW-Authenticate or Proxy-Authenticate, one challenge a header field (§7.3.1: these are never comma-joined).
 * Undefined when it is malformed or a parameter comes twice.
 */
export function parseChallenge(value: string): AuthenticationValue | undefined {
  return parseAuthentication(value);
}

/**
 * Reads Authorization or Proxy-Authorization. Taken as phones send them: several spaces after the scheme (linphone),
 * `nc` in quotes (libpurple), `qop` and `algorithm` in quotes or not. Undefined when malformed.
 */
export function parseCredentials(value: string): AuthenticationValue | undefined {
  return parseAuthentication(value);
}

/** Writes a challenge; RFC 7616 §3.3 says which parameters go in quotes. */
export function formatChallenge(challenge: AuthenticationValue): string {
  return format(challenge, UNQUOTED_IN_CHALLENGE);
}

/** Writes credentials; RFC 7616 §3.4 says which parameters go in quotes. */
export function formatCredentials(credentials: AuthenticationValue): string {
  return format(credentials, UNQUOTED_IN_CREDENTIALS);
}

function parseAuthentication(value: string): AuthenticationValue | undefined {
  const schemeStart = skipSpace(value, 0);
  const schemeEnd = tokenEnd(value, schemeStart);
  let at = skipSpace(value, schemeEnd);
  if (schemeEnd === schemeStart || at === schemeEnd) return undefined;
  const parameters = new Map<string, string>();
  while (at < value.length) {
    const nameEnd = tokenEnd(value, at);
    const equal = skipSpace(value, nameEnd);
    if (nameEnd === at || value.charCodeAt(equal) !== EQUAL) return undefined;
    const valueStart = skipSpace(value, equal + 1);
    const valueEnd = parameterValueEnd(value, valueStart);
    const name = value.slice(at, nameEnd).toLowerCase();
    if (valueEnd < 0 || parameters.has(name)) return undefined;
    parameters.set(name, unquoteString(value.slice(valueStart, valueEnd)));
    at = skipSpace(value, valueEnd);
    if (at === value.length) break;
    if (value.charCodeAt(at) !== COMMA) return undefined;
    at = skipSpace(value, at + 1);
  }
  return { scheme: value.slice(schemeStart, schemeEnd), parameters };
}

function format(authentication: AuthenticationValue, unquoted: ReadonlySet<string>): string {
  const parts: string[] = [];
  for (const [name, value] of authentication.parameters) {
    parts.push(`${name}=${unquoted.has(name) ? value : quoteString(value)}`);
  }
  return `${authentication.scheme} ${parts.join(", ")}`;
}

const UNQUOTED_IN_CHALLENGE: ReadonlySet<string> = new Set(["algorithm", "stale", "charset", "userhash"]);
const UNQUOTED_IN_CREDENTIALS: ReadonlySet<string> = new Set(["algorithm", "qop", "nc", "userhash"]);
