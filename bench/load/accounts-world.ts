/** The gateway as the registrar of a domain whose people are in slapd. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type GatewayUnderLoad, HOST, type Places, runIsthmus, SECRET } from "./gateways";
import { PEOPLE_DN, READER } from "./slapd";

/** `open`: whoever comes from this machine is believed, nobody is challenged. */
export type Mode = "open" | "cached" | "uncached";

/** Connections to slapd, the gateway's default. */
export const CONNECTIONS = 8;

export function startAccountsGateway(places: Places, ldapUrl: string, mode: Mode): Promise<GatewayUnderLoad> {
  const { folder, componentPort, sipPort } = places;
  const entries = mode === "uncached" ? FEW_ENTRIES : 50_000;
  writeFileSync(
    join(folder, "isthmus.yaml"),
    `sip:
  listen: ["udp:127.0.0.1:${sipPort}"]
  realm: ${HOST}
  limits: { serverTransactions: 1000000 }
  # SIPp answers with MD5 alone, as old phones do.
  peers: [{ name: bench, trust: [${mode === "open" ? "127.0.0.1" : ""}], switches: { digestMd5Only: true } }]
registrar: { domains: [${HOST}], limits: { perAddress: 10000000 } }
directory:
  cache: { entries: ${entries} }
  ldap:
    servers: ["${ldapUrl}"]
    bindDn: "${READER.dn}"
    password: ${READER.password}
    base: "${PEOPLE_DN}"
    attributes: { allowed: sipAllowed, digestPrefix: "{realm}:" }
    limits: { connections: ${CONNECTIONS} }
xmpp:
  components: [{ host: ${HOST}, server: "127.0.0.1:${componentPort}", secret: ${SECRET} }]
domains:
  sip: [{ sip: ${HOST}, xmpp: ${HOST}, peer: bench }]
  xmpp: [{ xmpp: xmpp.bench, sip: xmpp.bench, via: route }]
# One address speaks for ten thousand people here.
limits: { rates: { messages: { sender: off, pair: off }, registrations: { sender: off, peer: off } } }
store: { file: accounts-${mode}.db }
log: { level: error } # a warning for each wrong digest would be the load
health: { listen: "127.0.0.1:${sipPort + 1}" }
`,
  );
  return runIsthmus(places);
}

/** Of 10,000 people who come one after another none is remembered when it is his turn again. */
const FEW_ENTRIES = 64;
