/** A real NAT: a network namespace for the phone, one for the router that masquerades it, and this side as the world outside. */

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { NotInstalled } from "./processes";

export interface Nat {
  /** Address of this machine outside the NAT. */
  readonly outside: string;
  /** Address of the NAT as the outside sees it. */
  readonly router: string;
  /** Private address of the phone. */
  readonly inside: string;
  /** What runs a program inside: the first words of its command line. */
  readonly inNamespace: readonly string[];
  stop(): void;
}

/** May this process make namespaces and rules of NAT? Throws NotInstalled otherwise. */
export function requireNat(): void {
  try {
    startNat().stop();
  } catch {
    throw new NotInstalled("iproute2 with iptables, and the right to use them,");
  }
}

/** @throws when the kernel or the rights of this process do not allow it */
export function startNat(): Nat {
  const id = randomBytes(3).toString("hex");
  const [phone, router] = [`is-p-${id}`, `is-r-${id}`];
  // A network of its own in the range for benchmarks (RFC 2544), so that none of the machine's is hidden.
  const net = `198.18.${1 + ((randomBytes(1)[0] ?? 0) % 250)}`;
  const nat: Nat = {
    outside: `${net}.1`,
    router: `${net}.2`,
    inside: "192.168.77.5",
    inNamespace: ["netns", "exec", phone],
    stop: () => {
      for (const words of [`netns del ${phone}`, `netns del ${router}`, `link del is-o-${id}`]) tryIp(words);
    },
  };
  const at = (namespace: string, words: string) => run(`netns exec ${namespace} ${words}`);
  try {
    for (const words of [
      `netns add ${phone}`,
      `netns add ${router}`,
      `link add is-i-${id} netns ${phone} type veth peer name lan netns ${router}`,
      `link add is-o-${id} type veth peer name wan netns ${router}`,
      `addr add ${nat.outside}/24 dev is-o-${id}`,
      `link set is-o-${id} up`,
    ]) {
      run(words);
    }
    at(router, `ip addr add ${nat.router}/24 dev wan`);
    at(router, "ip addr add 192.168.77.1/24 dev lan");
    at(router, "ip link set wan up");
    at(router, "ip link set lan up");
    at(phone, `ip addr add ${nat.inside}/24 dev is-i-${id}`);
    at(phone, `ip link set is-i-${id} up`);
    at(phone, "ip link set lo up");
    at(phone, "ip route add default via 192.168.77.1");
    at(router, "sysctl -q -w net.ipv4.ip_forward=1");
    at(router, "iptables -t nat -A POSTROUTING -o wan -j MASQUERADE --random");
    // What nobody inside has asked for does not come in.
    at(router, "iptables -P FORWARD DROP");
    at(router, "iptables -A FORWARD -i lan -j ACCEPT");
    at(router, "iptables -A FORWARD -m state --state ESTABLISHED,RELATED -j ACCEPT");
    return nat;
  } catch (error) {
    nat.stop();
    throw error;
  }
}

function run(words: string): void {
  execFileSync("ip", words.split(" "), { stdio: ["ignore", "ignore", "pipe"] });
}

function tryIp(words: string): void {
  try {
    run(words);
  } catch {
    // It was never made, or has gone with its other end.
  }
}
