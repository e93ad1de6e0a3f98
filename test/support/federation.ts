/** Two XMPP servers that federate on loopback, finding each other through a name server of our own. */

import { type DnsRow, startDnsServer } from "./dns-server";
import { onFailure } from "./failure";
import { holdAddress } from "./ports";
import type { StartXmppServer, XmppServer, XmppServerOptions } from "./xmpp-server";

export interface Federation {
  /** The servers, in the order given. */
  readonly servers: readonly XmppServer[];
  stop(): Promise<void>;
}

/** Starts the servers with names for their domains and component hosts, and server-to-server ports open. */
export async function startFederation(
  parts: readonly (readonly [start: StartXmppServer, options: XmppServerOptions])[],
): Promise<Federation> {
  const placed = await Promise.all(
    parts.map(async ([start, options]) => ({ start, options, address: await holdAddress() })),
  );
  // The target is an address: ejabberd asks the C library for a name, which knows nothing of our name server.
  const rows = placed.flatMap(({ options, address }) =>
    [
      ...(options.domains ?? [options.domain ?? "xmpp.test"]),
      ...(options.components ?? []).map(({ host }) => host),
    ].map(
      (name): DnsRow => ({ name: `_xmpp-server._tcp.${name}`, type: "SRV", port: 5269, target: address }),
    ),
  );
  const dns = await startDnsServer(rows, placed[0]?.address);
  onFailure(() => `--- the name server was asked: ${dns.asked.join("; ")}`);
  const s2s = { dns: dns.address.replace(":", "@") };
  const servers = await Promise.all(
    placed.map(({ start, options, address }) => start({ ...options, s2s, address })),
  );
  return {
    servers,
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()));
      await dns.stop();
    },
  };
}
