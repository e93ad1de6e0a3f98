/** Who we say we are, and who we know we are. RFC 3261 §18.1.1, §16.4. */

import type { NetworkInterfaceInfo } from "node:os";
import { type OpenListener, ownAddresses } from "../../../src/sip/transport/own-addresses";
import type { ListenerOptions, TransportName } from "../../../src/sip/transport/transport";

const INTERFACES = [
  network("127.0.0.1/8", true),
  network("::1/128", true),
  network("192.0.2.10/24"),
  network("198.51.100.10/24"),
  network("fe80::10/64"),
  network("2001:db8::10/64"),
];

describe("Via", () => {
  test("names the listener of that transport and family", () => {
    const own = ownAddresses(
      [
        listener("udp", "192.0.2.10", 5060),
        listener("tcp", "192.0.2.10", 5070),
        listener("udp", "2001:db8::10", 5080),
      ],
      INTERFACES,
    );
    expect(own.viaFor(to("udp", "203.0.113.1"))).toEqual({ host: "192.0.2.10", port: 5060 });
    expect(own.viaFor(to("tcp", "203.0.113.1"))).toEqual({ host: "192.0.2.10", port: 5070 });
    expect(own.viaFor(to("udp", "2001:db8::99"))).toEqual({ host: "[2001:db8::10]", port: 5080 });
  });

  test("names the advertised address behind NAT or a balancer", () => {
    const advertised = { host: "sip.example", port: 15060 };
    const own = ownAddresses([listener("udp", "0.0.0.0", 5060, advertised)], INTERFACES);
    expect(own.viaFor(to("udp", "203.0.113.1"))).toEqual(advertised);
  });

  test("names, for a wildcard listener, the address that the peer sees", () => {
    const own = ownAddresses([listener("udp", "0.0.0.0", 5060), listener("udp", "::", 5060)], INTERFACES);
    expect(own.viaFor(to("udp", "198.51.100.7")).host).toBe("198.51.100.10");
    expect(own.viaFor(to("udp", "192.0.2.7")).host).toBe("192.0.2.10");
    expect(own.viaFor(to("udp", "203.0.113.1")).host).toBe("192.0.2.10");
    expect(own.viaFor(to("udp", "127.0.0.2")).host).toBe("127.0.0.1");
    expect(own.viaFor(to("udp", "2001:db8:1::1")).host).toBe("[2001:db8::10]");
  });

  test("prefers the listener in the peer's network, and never calls the world from loopback", () => {
    const listeners = [
      listener("udp", "127.0.0.1", 5060),
      listener("udp", "192.0.2.10", 5061),
      listener("udp", "198.51.100.10", 5062),
    ];
    const own = ownAddresses(listeners, INTERFACES);
    expect(own.listenerFor(to("udp", "127.0.0.9"))).toBe(listeners[0]);
    expect(own.listenerFor(to("udp", "198.51.100.9"))).toBe(listeners[2]);
    expect(own.listenerFor(to("udp", "203.0.113.1"))).toBe(listeners[1]);
  });

  test("borrows another listener's name where the transport has none: its answers come by the connection", () => {
    const own = ownAddresses([listener("udp", "192.0.2.10", 5060)], INTERFACES);
    expect(own.listenerFor(to("tcp", "203.0.113.1"))).toBeUndefined();
    expect(own.viaFor(to("tcp", "203.0.113.1"))).toEqual({ host: "192.0.2.10", port: 5060 });
  });
});

describe("our own addresses", () => {
  const own = ownAddresses(
    [
      listener("udp", "0.0.0.0", 5060, { host: "SIP.example", port: 15060 }),
      listener("tcp", "2001:db8::10", 5070),
    ],
    INTERFACES,
  );
  test.each<[string, number, boolean]>([
    ["192.0.2.10", 5060, true],
    ["198.51.100.10", 5060, true],
    ["127.0.0.53", 5060, true],
    ["sip.EXAMPLE", 15060, true],
    ["[2001:DB8:0::10]", 5070, true],
    ["192.0.2.10", 5061, false],
    ["192.0.2.11", 5060, false],
    ["sip.example", 5060, false],
    ["2001:db8::10", 5060, false],
    ["127.0.0.53", 15060, false],
  ])("%s port %i: %s", (host, port, ours) => {
    expect(own.isOurs(host, port)).toBe(ours);
  });
});

function listener(
  transport: TransportName,
  address: string,
  port: number,
  advertised?: ListenerOptions["advertised"],
): OpenListener {
  const options = { transport, address, port };
  return {
    options: advertised === undefined ? options : { ...options, advertised },
    local: { transport, address, port },
  };
}

function to(transport: TransportName, address: string) {
  return { transport, address, port: 5060 };
}

function network(cidr: string, internal = false): NetworkInterfaceInfo {
  const address = cidr.split("/")[0] ?? "";
  const rest = { address, netmask: "", mac: "00:00:00:00:00:00", internal, cidr };
  return address.includes(":") ? { ...rest, family: "IPv6", scopeid: 0 } : { ...rest, family: "IPv4" };
}
