/** Location with a real name server on loopback and the real resolver. RFC 3263 §4. */

import { promises } from "node:dns";
import { hostname } from "node:os";
import { createLocator, type Locator } from "../../../src/sip/locate";
import { systemResolver } from "../../../src/sip/locate/resolver";
import { type DnsRow, type DnsServer, startDnsServer } from "../../support/dns-server";
import { realClock, silentLog } from "./support";

const { lookup } = promises;
const servers: DnsServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

test("NAPTR leads to SRV and SRV to A and AAAA", async () => {
  const { locator, server } = await locatorWith([
    {
      name: "sip.example",
      type: "NAPTR",
      order: 20,
      service: "SIP+D2U",
      replacement: "_sip._udp.sip.example",
    },
    {
      name: "sip.example",
      type: "NAPTR",
      order: 10,
      service: "SIPS+D2T",
      replacement: "_sips._tcp.sip.example",
    },
    { name: "_sips._tcp.sip.example", type: "SRV", priority: 1, port: 5071, target: "one.sip.example" },
    { name: "_sips._tcp.sip.example", type: "SRV", priority: 2, port: 5072, target: "two.sip.example" },
    { name: "_sip._udp.sip.example", type: "SRV", port: 5060, target: "one.sip.example" },
    { name: "one.sip.example", type: "A", address: "192.0.2.1" },
    { name: "one.sip.example", type: "AAAA", address: "2001:db8::1" },
    { name: "two.sip.example", type: "A", address: "192.0.2.2" },
  ]);
  expect(await locator.locate({ host: "SIP.example", secure: false })).toEqual([
    { transport: "tls", address: "192.0.2.1", port: 5071, tlsDomain: "sip.example" },
    { transport: "tls", address: "2001:db8::1", port: 5071, tlsDomain: "sip.example" },
    { transport: "tls", address: "192.0.2.2", port: 5072, tlsDomain: "sip.example" },
    { transport: "udp", address: "192.0.2.1", port: 5060 },
    { transport: "udp", address: "2001:db8::1", port: 5060 },
  ]);
  const asked = server.asked.length;
  await locator.locate({ host: "sip.example", secure: false });
  expect(server.asked).toHaveLength(asked);
});

test("a domain with an address only, one that does not exist, and one whose server fails", async () => {
  const { locator } = await locatorWith([
    { name: "plain.example", type: "A", address: "192.0.2.9" },
    { name: "broken.example", type: "failure" },
    { name: "_sip._udp.broken.example", type: "failure" },
    { name: "_sip._tcp.broken.example", type: "failure" },
  ]);
  expect(await locator.find({ host: "plain.example", secure: false })).toEqual({
    targets: [{ transport: "udp", address: "192.0.2.9", port: 5060 }],
  });
  expect(await locator.find({ host: "nowhere.example", secure: false })).toMatchObject({
    problem: "no-such-host",
  });
  expect(await locator.find({ host: "broken.example", secure: false })).toMatchObject({
    problem: "dns-failed",
  });
});

test("what DNS does not know may stand in the hosts file", async () => {
  const server = await startDnsServer([]);
  servers.push(server);
  const inHosts = hostname();
  const known = await lookup(inHosts, { family: 4 }).catch(() => undefined);
  const name = known === undefined ? "localhost" : inHosts;
  const resolver = systemResolver({ servers: [server.address], hosts: true });
  const locator = createLocator({ clock: realClock, log: silentLog, resolver });
  const [target] = await locator.locate({ host: name, port: 5080, secure: false });
  expect(target).toEqual({ transport: "udp", address: known?.address ?? "127.0.0.1", port: 5080 });
  expect(await locator.locate({ host: "nowhere.invalid", port: 5080, secure: false })).toEqual([]);
});

async function locatorWith(rows: readonly DnsRow[]): Promise<{ locator: Locator; server: DnsServer }> {
  const server = await startDnsServer(rows);
  servers.push(server);
  const resolver = systemResolver({ servers: [server.address] });
  return { locator: createLocator({ clock: realClock, log: silentLog, resolver }), server };
}
