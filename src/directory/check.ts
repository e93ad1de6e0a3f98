/** Each LDAP server by itself, for `isthmus check`: connect, TLS, bind, read the base. */

import type { Clock } from "../gateway/sides";
import { type LdapConnection, type LdapSecurity, openConnection } from "./ldap/connection";
import type { LdapOptions } from "./ldap/options";
import { type LdapProblem, problemOf } from "./ldap/problem";
import { BASE } from "./ldap/servers";
import { socketOpener } from "./ldap/socket";
import type { SourceOptions } from "./options";

export interface ServerCheck {
  readonly source: string;
  /** URL of the server. */
  readonly server: string;
  /** Never rejects; ends within the time limits of connecting and of one answer. */
  run(): Promise<ServerChecked>;
}

export type ServerChecked =
  | { readonly ok: true; readonly boundAs?: string; readonly base: string; readonly security: LdapSecurity }
  | { readonly ok: false; readonly problem: LdapProblem };

/** One check for each server of each source. */
export function serverChecks(sources: readonly SourceOptions[], clock: Clock): readonly ServerCheck[] {
  return sources.flatMap((source) => (source.kind === "ldap" ? checksOf(source, clock) : []));
}

function checksOf(options: LdapOptions, clock: Clock): ServerCheck[] {
  const openSocket = socketOpener(options);
  return options.servers.map((server) => ({
    source: options.name,
    server: server.url,
    run: async () => {
      try {
        const connection = await openConnection(server, options, openSocket, clock);
        return await readBase(connection, options);
      } catch (error) {
        return { ok: false, problem: problemOf(error, "connect") };
      }
    },
  }));
}

async function readBase(connection: LdapConnection, { base, bind }: LdapOptions): Promise<ServerChecked> {
  const reply = await connection.search({ ...BASE, base });
  connection.close();
  if (!reply.ok) return reply;
  // A server that hides the entry from us answers with success and nothing.
  if (reply.entries.length === 0) return { ok: false, problem: { reason: "no-base", isServer: false } };
  return {
    ok: true,
    base,
    security: connection.security,
    ...(bind === undefined ? {} : { boundAs: bind.dn }),
  };
}
