/** A whole world for tests: an XMPP server, the gateway, a SIP neighbour and, if wanted, a Kamailio between the two. */

import { join } from "node:path";
import { type Certificates, makeCertificates } from "./certificates";
import { type Gateway, startGateway } from "./gateway";
import { type Kamailio, startKamailio } from "./kamailio";
import { freePort, holdAddress } from "./ports";
import { temporaryFolder } from "./processes";
import { SipPeer, type SipTransport, type Target } from "./sip-peer";
import { startXmppClient, type XmppClient } from "./slixmpp";
import type { StartXmppServer, XmppServer, XmppServerOptions } from "./xmpp-server";

/** People who live on XMPP. */
export const XMPP_DOMAIN = "verona.test";
export const TRANSPORTS = ["udp", "tcp", "tls"] as const;

export interface WorldOptions {
  readonly server: StartXmppServer;
  /** Names of the XMPP accounts. */
  readonly users: readonly string[];
  /** Put a Kamailio beside the direct ways? */
  readonly kamailio?: boolean;
  /** SIP domain → URI of its own next hop, beside those of the phone. */
  readonly domains?: Readonly<Record<string, string>>;
  /** Addresses that the phones' certificate names besides the neighbour's own. */
  readonly phoneAddresses?: readonly string[];
  /** Further SIP domains that the neighbour serves, by TCP. */
  readonly neighbourDomains?: readonly string[];
  /** Further rules for XMPP domains. */
  readonly xmppRules?: readonly object[];
  /** Parts of the gateway's configuration that differ. */
  readonly sip?: object;
  readonly xmpp?: object;
  readonly presence?: object;
  readonly service?: object;
  /** Start the server in some other way, such as one of a federation. */
  readonly serverOptions?: Partial<XmppServerOptions>;
}

export interface World {
  readonly server: XmppServer;
  readonly gateway: Gateway;
  /** Serves the SIP domains `phone(transport)` and, behind Kamailio, `proxied(transport)`. */
  readonly phone: SipPeer;
  readonly kamailio: Kamailio | undefined;
  readonly certificates: Certificates<"gateway" | "proxy" | "phone">;
  /** Where SIP reaches the gateway. */
  readonly at: Readonly<Record<SipTransport, Target>>;
  /** Where SIP reaches the proxy. */
  readonly through: Readonly<Record<SipTransport, Target>>;
  client(name: string, resource?: string): Promise<XmppClient>;
  stop(): Promise<void>;
}

/** SIP domain that the phone serves by this transport, straight from the gateway. */
export const phoneDomain = (transport: SipTransport) => `${transport}.phone.test`;
/** The same behind Kamailio. */
export const proxiedDomain = (transport: SipTransport) => `${transport}.proxied.test`;

/** Starts it all and waits until messages can cross. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const places = { gateway: await place(), proxy: await place(), phone: await place() };
  const certificates = makeCertificates(join(temporaryFolder("world"), "ca"), {
    gateway: { ips: [places.gateway.address] },
    proxy: { ips: [places.proxy.address] },
    phone: { ips: [places.phone.address, ...(options.phoneAddresses ?? [])] },
  });
  const at = targets(places.gateway);
  const through = targets(places.proxy);
  const hops = options.domains ?? {};
  const peers = [
    ...TRANSPORTS.map((transport) =>
      peer(phoneDomain(transport), uri(targets(places.phone)[transport]), false),
    ),
    ...(options.neighbourDomains ?? []).map((domain) => peer(domain, uri(targets(places.phone).tcp), false)),
    ...Object.entries(hops).map(([domain, hop]) => peer(domain, hop, false)),
    ...(options.kamailio === true
      ? TRANSPORTS.map((transport) => peer(proxiedDomain(transport), uri(through[transport]), true))
      : []),
  ];
  const hosts = peers.map(({ name }) => name);
  const [server, phone, kamailio] = await Promise.all([
    options.server({
      domain: XMPP_DOMAIN,
      users: options.users.map((name) => ({ name, password: PASSWORD })),
      components: hosts.map((host) => ({ host, secret: SECRET })),
      ...options.serverOptions,
    }),
    SipPeer.open({ ...places.phone, tls: { ...certificates.of.phone, ca: certificates.ca } }),
    options.kamailio === true
      ? startKamailio({
          address: places.proxy.address,
          sipPort: places.proxy.port,
          tlsPort: places.proxy.port + 1,
          tls: { ...certificates.of.proxy, caFile: certificates.caFile },
          routes: [
            [XMPP_DOMAIN, uris(at)],
            ...TRANSPORTS.map((t) => [proxiedDomain(t), uris(targets(places.phone))] as const),
          ],
        })
      : undefined,
  ]);
  const { certificateFile, keyFile } = certificates.of.gateway;
  const gateway = await startGateway({
    sip: {
      listen: TRANSPORTS.map((transport) => `${transport}:${at[transport].address}:${at[transport].port}`),
      tls: { certificate: certificateFile, key: keyFile, ca: certificates.caFile },
      peers,
      ...options.sip,
    },
    xmpp: {
      components: hosts.map((host) => ({
        host,
        server: `${server.address}:${server.componentPort}`,
        secret: SECRET,
      })),
      ...options.xmpp,
    },
    ...(options.presence === undefined ? {} : { presence: options.presence }),
    ...(options.service === undefined ? {} : { service: options.service }),
    domains: {
      sip: hosts.map((host) => ({ sip: host, xmpp: host, peer: host })),
      xmpp: [{ xmpp: XMPP_DOMAIN, sip: XMPP_DOMAIN, via: "route" }, ...(options.xmppRules ?? [])],
    },
  });
  const clients: XmppClient[] = [];
  return {
    server,
    gateway,
    phone,
    kamailio,
    certificates,
    at,
    through,
    client: async (name, resource = "test") => {
      const jid = `${name}@${options.serverOptions?.domain ?? XMPP_DOMAIN}`;
      const client = await startXmppClient({
        jid,
        resource,
        password: PASSWORD,
        host: server.address,
        port: server.c2sPort,
      });
      clients.push(client);
      return client;
    },
    stop: async () => {
      await Promise.all(clients.map((client) => client.stop()));
      await Promise.all([gateway.stop(), kamailio?.stop(), phone.close()]);
      await server.stop();
    },
  };
}

interface Place {
  readonly address: string;
  readonly port: number;
}

async function place(): Promise<Place> {
  const address = await holdAddress();
  return { address, port: await freePort(address) };
}

// TLS lies on the port after that of UDP and TCP, everywhere.
function targets({ address, port }: Place): Record<SipTransport, Target> {
  return {
    udp: { transport: "udp", address, port },
    tcp: { transport: "tcp", address, port },
    tls: { transport: "tls", address, port: port + 1 },
  };
}

function uri({ transport, address, port }: Target): string {
  return `sip:${address}:${port};transport=${transport}`;
}

function uris(of: Record<SipTransport, Target>): Record<SipTransport, string> {
  return { udp: uri(of.udp), tcp: uri(of.tcp), tls: uri(of.tls) };
}

function peer(name: string, proxy: string, route: boolean) {
  return { name, proxy, route, trust: ["127.0.0.0/8"] };
}

const PASSWORD = "balcony";
/** Of every component. */
export const SECRET = "between us";
