/** Why an LDAP server gave no answer, in words that a log may hold: never what was asked nor what was sent. */

export type LdapReason =
  | "refused"
  | "name-not-found"
  | "timeout"
  | "certificate"
  | "start-tls"
  | "bind"
  | "closed"
  | "too-large"
  | "not-ldap"
  | "server-unavailable"
  | "busy"
  | "referral"
  | "denied"
  | "no-base"
  | "limit"
  | "result"
  | "stopped";

export interface LdapProblem {
  readonly reason: LdapReason;
  /** An error code, or the name of an LDAP result. */
  readonly detail?: string;
  /** True: the server is of no use now, ask another one. False: it works, only this question got no answer. */
  readonly isServer: boolean;
}

/** Carries a problem through promises. */
export class LdapFailure extends Error {
  override readonly name = "LdapFailure";

  constructor(readonly problem: LdapProblem) {
    super(problem.detail === undefined ? problem.reason : `${problem.reason}: ${problem.detail}`);
  }
}

/** A problem with the server as a whole. */
export function serverProblem(reason: LdapReason, detail?: string): LdapProblem {
  return { reason, isServer: true, ...(detail === undefined ? {} : { detail }) };
}

/** What an error of a socket, of TLS or of the library means. `stage`: what was being done. */
export function problemOf(error: unknown, stage: "connect" | "bind" | "search"): LdapProblem {
  if (error instanceof LdapFailure) return error.problem;
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (typeof code === "number") return resultProblem(code, String(name), stage);
  if (typeof code !== "string") return serverProblem("closed");
  if (code === "ECONNREFUSED") return serverProblem("refused");
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return serverProblem("name-not-found", code);
  if (code === "ETIMEDOUT") return serverProblem("timeout", code);
  return CERTIFICATE.test(code) ? serverProblem("certificate", code) : serverProblem("closed", code);
}

/** RFC 4511 appendix A.2. */
function resultProblem(code: number, name: string, stage: "connect" | "bind" | "search"): LdapProblem {
  if (code === TOO_LARGE) return { reason: "too-large", isServer: false };
  const detail = `${name.replace(/Error$/, "")} (${code})`;
  if (stage === "bind") return serverProblem("bind", detail);
  if (stage === "connect") return serverProblem("start-tls", detail);
  const reason = RESULTS.get(code) ?? "result";
  return { reason, detail, isServer: reason === "server-unavailable" };
}

/** A result code for private use (RFC 4520 §3.8), with which our own side ends an answer that is too large. */
export const TOO_LARGE = 0x4000;
const RESULTS: ReadonlyMap<number, LdapReason> = new Map<number, LdapReason>([
  [1, "denied"], // operationsError: what Active Directory says to whoever did not bind
  [3, "limit"],
  [4, "limit"],
  [8, "denied"],
  [10, "referral"],
  [11, "limit"],
  [13, "denied"],
  [32, "no-base"],
  [48, "denied"],
  [50, "denied"],
  [51, "server-unavailable"],
  [52, "server-unavailable"],
]);
const CERTIFICATE = /^(?:ERR_TLS_CERT|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|INVALID_CA|HOSTNAME_MISMATCH)/;
