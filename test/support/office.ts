/** A small office: an XMPP server and the gateway, and no SIP proxy. Phones register with the gateway. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestHa1 } from "../../src/sip/auth/digest";
import { type Gateway, startGateway } from "./gateway";
import { freePort, holdAddress } from "./ports";
import { temporaryFolder } from "./processes";
import { startXmppClient, type XmppClient } from "./slixmpp";
import type { StartXmppServer, XmppServer } from "./xmpp-server";

export const OFFICE = "office.test";
export const VERONA = "verona.test";

export interface OfficeOptions {
  readonly server: StartXmppServer;
  /** Accounts on the XMPP server. */
  readonly users: readonly string[];
  /** People of the office; the password of each is his name backwards. */
  readonly people: readonly string[];
  readonly registrar?: object;
  readonly sip?: object;
  /** Further parts of the configuration. */
  readonly config?: object;
  /** Another address than one of loopback, for SIP. */
  readonly address?: string;
  /** MD5 alone, as old user databases have it? */
  readonly md5Only?: boolean;
}

export interface Office {
  readonly server: XmppServer;
  readonly gateway: Gateway;
  /** Where SIP reaches the gateway, by UDP and TCP. */
  readonly at: { readonly address: string; readonly port: number };
  client(name: string, resource?: string): Promise<XmppClient>;
  stop(): Promise<void>;
}

export function passwordOf(name: string): string {
  return [...name].reverse().join("");
}

/** Starts it all and waits until messages can cross. */
export async function startOffice(options: OfficeOptions): Promise<Office> {
  const address = options.address ?? (await holdAddress());
  const port = await freePort(address);
  const folder = temporaryFolder("office");
  writeFileSync(join(folder, "users.yaml"), JSON.stringify(options.people.map((one) => user(one, options))));
  const server = await options.server({
    domain: VERONA,
    users: options.users.map((name) => ({ name, password: PASSWORD })),
    components: [{ host: OFFICE, secret: SECRET }],
  });
  const gateway = await startGateway(
    {
      sip: {
        listen: [`udp:${address}:${port}`, `tcp:${address}:${port}`],
        realm: OFFICE,
        users: join(folder, "users.yaml"),
        ...options.sip,
      },
      xmpp: {
        components: [{ host: OFFICE, server: `${server.address}:${server.componentPort}`, secret: SECRET }],
      },
      domains: {
        sip: [{ sip: OFFICE, xmpp: OFFICE }],
        xmpp: [{ xmpp: VERONA, sip: VERONA, via: "route" }],
      },
      registrar: { domains: [OFFICE], ...options.registrar },
      ...options.config,
    },
    { folder },
  );
  const clients: XmppClient[] = [];
  return {
    server,
    gateway,
    at: { address, port },
    client: async (name, resource = "test") => {
      const jid = `${name}@${VERONA}`;
      const { address: host, c2sPort } = server;
      const client = await startXmppClient({ jid, resource, password: PASSWORD, host, port: c2sPort });
      clients.push(client);
      return client;
    },
    stop: async () => {
      await Promise.all(clients.map((client) => client.stop()));
      await gateway.stop();
      await server.stop();
    },
  };
}

function user(name: string, { md5Only }: OfficeOptions): object {
  const uri = `sip:${name}@${OFFICE}`;
  const md5 = digestHa1("MD5", name, OFFICE, passwordOf(name));
  const sha256 = digestHa1("SHA-256", name, OFFICE, passwordOf(name));
  return { username: name, uri, md5, ...(md5Only === true ? {} : { sha256 }) };
}

const PASSWORD = "balcony";
const SECRET = "between us";
