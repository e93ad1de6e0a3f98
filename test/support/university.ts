/**
 * A university: people in LDAP, an XMPP server, the gateway as registrar of their phones, and a Kamailio through which
 * phones may register there as well. There is no other list of people, and no proxy that is trusted.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Certificates } from "./certificates";
import { type Gateway, link, startGateway } from "./gateway";
import { type Kamailio, startKamailio } from "./kamailio";
import { freePort, holdAddress } from "./ports";
import { temporaryFolder } from "./processes";
import { GATEWAY, PEOPLE, REALM, type Slapd } from "./slapd";
import { startXmppClient, type XmppClient } from "./slixmpp";
import type { StartXmppServer, XmppServer } from "./xmpp-server";

/** Domain of the phones, which is also the component host, and of the people on XMPP. */
export const PHONES = REALM;
export const CHATS = "xmpp.example";
/** Domain of a neighbour that is trusted, for this one alone. */
export const PARTNER = "partner.example";

/** Lives on XMPP: on SIP she goes by an address that is not her JID, and has another besides. */
export const JULIET = {
  jid: `juliet@${CHATS}`,
  uri: `sip:juliet.capulet@${CHATS}`,
  alias: `sip:capulet@${CHATS}`,
};
export const JULIET_LDIF = `dn: uid=juliet,${PEOPLE}
objectClass: inetOrgPerson
objectClass: isthmusPerson
uid: juliet
cn: Juliet
sn: Capulet
displayName: Juliet Capulet
sipAddress: ${JULIET.uri}
sipAlias: ${JULIET.alias}
jid: ${JULIET.jid}
sipAllowed: TRUE

`;

export interface UniversityOptions {
  readonly server: StartXmppServer;
  /** Accounts on the XMPP server. */
  readonly users: readonly string[];
  readonly slapd: Slapd;
  readonly certificates: Pick<Certificates<never>, "caFile">;
  /** How the gateway keeps its questions to itself. */
  readonly secrecy: "ldaps" | "StartTLS";
}

export interface Place {
  readonly address: string;
  readonly port: number;
}

export interface University {
  readonly server: XmppServer;
  readonly gateway: Gateway;
  readonly kamailio: Kamailio;
  /** Where phones go: to the gateway itself, or to the proxy before it. */
  readonly at: { readonly gateway: Place; readonly proxy: Place };
  /** Whoever is here may speak for PARTNER. */
  readonly neighbour: Place;
  client(name: string, resource?: string): Promise<XmppClient>;
  stop(): Promise<void>;
}

/** Starts it all and waits until messages can cross. */
export async function startUniversity(options: UniversityOptions): Promise<University> {
  const { slapd } = options;
  const [gatewayAt, proxyAt, neighbour] = await Promise.all([place(), place(), place()]);
  const folder = temporaryFolder("university");
  writeFileSync(join(folder, "ldap.password"), GATEWAY.password);
  const [server, kamailio] = await Promise.all([
    options.server({
      domain: CHATS,
      users: options.users.map((name) => ({ name, password: PASSWORD })),
      components: [PHONES, PARTNER].map((host) => ({ host, secret: SECRET })),
    }),
    startKamailio({
      address: proxyAt.address,
      sipPort: proxyAt.port,
      configuration: proxyConfiguration(proxyAt, gatewayAt),
    }),
  ]);
  const gateway = await startGateway(
    {
      sip: {
        listen: [`udp:${where(gatewayAt)}`, `tcp:${where(gatewayAt)}`],
        realm: REALM,
        // baresip 1.0 gives up when it is offered more than MD5; Pidgin answers without qop.
        switches: { digestMd5Only: true, digestWithoutQop: true },
        // Trusted for its own domain. The proxy before the phones stands nowhere: it says nothing for them.
        peers: [{ name: "partner", trust: [neighbour.address], proxy: `sip:${where(neighbour)}` }],
      },
      xmpp: {
        components: [PHONES, PARTNER].map((host) => link(host, server, SECRET)),
      },
      domains: {
        sip: [
          { sip: PHONES, xmpp: PHONES, tel: true },
          { sip: PARTNER, xmpp: PARTNER, peer: "partner" },
        ],
        xmpp: [{ xmpp: CHATS, sip: CHATS, via: "route" }],
      },
      registrar: { domains: [PHONES] },
      presence: { notifyInterval: "50 ms", minimumExpires: "1 s" },
      directory: {
        ldap: {
          servers: [options.secrecy === "ldaps" ? slapd.tlsUrl : slapd.url],
          startTls: options.secrecy === "StartTLS",
          ca: options.certificates.caFile,
          bindDn: GATEWAY.dn,
          passwordFile: "ldap.password",
          base: PEOPLE,
          attributes: { digestPrefix: "{realm}:", allowed: "sipAllowed" },
        },
      },
    },
    { folder },
  );
  const clients: XmppClient[] = [];
  return {
    server,
    gateway,
    kamailio,
    at: { gateway: gatewayAt, proxy: proxyAt },
    neighbour,
    client: async (name, resource = "test") => {
      const { address: host, c2sPort: port } = server;
      const client = await startXmppClient({
        jid: `${name}@${CHATS}`,
        resource,
        password: PASSWORD,
        host,
        port,
      });
      clients.push(client);
      return client;
    },
    stop: async () => {
      await Promise.all(clients.map((client) => client.stop()));
      await gateway.stop();
      await Promise.all([server.stop(), kamailio.stop()]);
    },
  };
}

/** Octets of all that a university keeps on disk: is something in there in clear? */
export function storedOctets({ gateway }: University): Buffer {
  const files = ["isthmus.db", "isthmus.db-wal"].map((name) => join(gateway.folder, name));
  return Buffer.concat(files.map((file) => readFileSync(file)));
}

async function place(): Promise<Place> {
  const address = await holdAddress();
  return { address, port: await freePort(address) };
}

function where({ address, port }: Place): string {
  return `${address}:${port}`;
}

// An edge proxy: REGISTER gets a Path, the first request of a dialog a Record-Route; nobody is asked for a password here.
function proxyConfiguration(own: Place, gateway: Place): string {
  return `#!KAMAILIO
debug=2
log_stderror=yes
children=2
tcp_children=2
fork=yes
auto_aliases=no
listen=udp:${where(own)}
listen=tcp:${where(own)}
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "rr.so"
loadmodule "path.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "xlog.so"
modparam("tm", "fr_timer", 32000)
modparam("tm", "wt_timer", 100) # a Pidgin that starts anew with the same identifiers is no retransmission
modparam("rr", "enable_double_rr", 0)

request_route {
  xlog("L_WARN", "$rm $ru from $fu at $si:$sp\\n");
  if (!mf_process_maxfwd_header("20")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (loose_route() && has_totag()) route(RELAY);
  if (is_method("SUBSCRIBE") && !has_totag()) record_route();
  if ($si == "${gateway.address}" && $sp == ${gateway.port}) route(RELAY); # along the Path, which loose_route took
  if (is_method("REGISTER")) add_path();
  $du = "sip:${where(gateway)};transport=udp";
  route(RELAY);
}

route[RELAY] {
  if (!t_relay()) { sl_reply_error(); }
  exit;
}
`;
}

const PASSWORD = "balcony";
const SECRET = "between us";
