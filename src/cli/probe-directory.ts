/** The directory, as `isthmus check` tries it: each LDAP server by itself, then one person through all of it. */

import type { Config } from "../config/config";
import { type ServerCheck, serverChecks } from "../directory/check";
import type { LdapReason } from "../directory/ldap/problem";
import { systemClock } from "../runtime/clock";
import { askDirectory } from "./directory-answers";
import type { Probe, ProbeResult } from "./probe";

/** @param person address or username to look up; absent: that of directory.person, if any */
export function directoryProbes(config: Config, person = config.directory.person): Probe[] {
  const { sources } = config.directory;
  const servers = serverChecks(sources, systemClock()).map((check) => ({
    name: `directory ${check.source} at ${check.server}`,
    run: () => probeServer(check),
  }));
  if (person === undefined) return servers;
  return [...servers, { name: `directory: who is ${person}`, run: () => probePerson(config, person) }];
}

async function probeServer(check: ServerCheck): Promise<ProbeResult> {
  const checked = await check.run();
  if (!checked.ok) {
    const { reason, detail } = checked.problem;
    return {
      ok: false,
      detail: detail === undefined ? reason : `${reason}: ${detail}`,
      advice: ADVICE[reason],
    };
  }
  const { boundAs, base, security } = checked;
  const words = [
    boundAs === undefined ? "anonymous" : `bound as ${boundAs}`,
    `read ${base}`,
    security.protocol === undefined ? "no TLS" : security.protocol,
    ...(security.validTo === undefined ? [] : [`certificate until ${security.validTo}`]),
  ];
  return { ok: true, detail: words.join(", ") };
}

async function probePerson(config: Config, person: string): Promise<ProbeResult> {
  const { answer } = await askDirectory(config, person, config.sip.realm);
  switch (answer.kind) {
    case "unavailable":
      return { ok: false, detail: "the directory cannot say now", advice: "Mend the servers above first." };
    case "unknown":
      return {
        ok: false,
        detail: "unknown",
        advice: `\`isthmus who ${person}\` says more; else look at directory.ldap.base, attributes and filters.`,
      };
    case "found": {
      const { person: found, source, digests } = answer.value;
      const detail = `${found.id} in ${source}: ${found.sipUri}, ${found.jid}`;
      if (digests?.length !== 0) return { ok: true, detail };
      return {
        ok: false,
        detail: `${detail}, but no digest can be read`,
        advice:
          "May the bind DN read the attributes of the digests, and are they for this realm and behind digestPrefix?",
      };
    }
  }
}

const NETWORK = "Does the server run and listen there, and does no firewall stand between?";
const RIGHTS = "The access rules of the server do not let directory.ldap.bindDn do this.";
const ADVICE: Readonly<Record<LdapReason, string>> = {
  refused: NETWORK,
  "name-not-found":
    "The name in directory.ldap.servers has no address: is it spelled right, does the name server work?",
  timeout:
    "The server took the connection or nothing at all, and was silent: it hangs, or a firewall drops packets.",
  certificate:
    "Its certificate is not of an authority in directory.ldap.ca, has run out, or is for another name than that in servers.",
  "start-tls": "The server does not begin TLS: give it a certificate, or use ldaps://.",
  bind: "The server knows no directory.ldap.bindDn with this password (or wants TLS first).",
  closed:
    "The server ended the connection: an ldaps: server under ldap:, or the other way, or its own log says why.",
  "too-large": "The answer is larger than directory.ldap.limits.answerSize.",
  "not-ldap": "What listens there speaks no LDAP: is the port right (389, or 636 for ldaps)?",
  "server-unavailable": "The server says that it is busy or unavailable: its own log says why.",
  busy: "All connections are in use: raise directory.ldap.limits.connections.",
  referral:
    "The server holds another part of the tree and names a different server: put that one into servers.",
  denied: RIGHTS,
  "no-base": "There is no such entry as directory.ldap.base, or the bind DN may not see it.",
  limit: "The server's own limits of time or size are lower than one look-up needs: an index may be missing.",
  result: "The server's own log says why.",
  stopped: NETWORK,
};
