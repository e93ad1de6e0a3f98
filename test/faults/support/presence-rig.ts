/** The real gateway between SIP users and XMPP people that the test plays itself, so that it knows what each of them ought to see. */

import { PresenceWorld } from "../../../bench/load/presence-world";
import type { PresenceState } from "../../../src/gateway/presence/presence-flow";
import { type Gateway, type Health, startGateway } from "../../support/gateway";
import { freePort, holdAddress } from "../../support/ports";
import { eventually } from "../../support/processes";

export const SIP_DOMAIN = "sip.test";
export const XMPP_DOMAIN = "xmpp.test";

export interface PresenceRig {
  readonly world: PresenceWorld;
  readonly gateway: Gateway;
  /** Where the gateway takes SIP. */
  readonly sip: { readonly address: string; readonly port: number };
  /** Resolves when every pair sees the truth; rejects with what is wrong, after `ms`. */
  untilRight(what: string, ms?: number): Promise<void>;
  /** The gateway dies where it stands; resolves when it is gone. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export interface PresenceRigOptions {
  /** The section `presence` of the configuration. */
  readonly presence?: object;
  /** T1 of 50 ms or more: requests are then given up after 64 of them. */
  readonly timers?: object;
  readonly sipLimits?: object;
  /** Level of the gateway's log; "warn" when absent. */
  readonly log?: "info" | "warn";
  /** Addresses that may speak for SIP users besides the test's own. */
  readonly trust?: readonly string[];
}

export async function startPresenceRig(options: PresenceRigOptions = {}): Promise<PresenceRig> {
  const address = await holdAddress();
  const world = await PresenceWorld.open({
    sipHost: SIP_DOMAIN,
    xmppHost: XMPP_DOMAIN,
    address,
    sipPort: await freePort(address),
  });
  const port = await freePort(address);
  world.endpoint.target = { address, port };
  const { gateway, close } = await started(world, options, address, port);
  return {
    world,
    gateway,
    sip: { address, port },
    untilRight: (what, ms = 30_000) => untilRight(world, what, ms),
    kill: async () => {
      gateway.kill("SIGKILL");
      await gateway.exited();
    },
    stop: close,
  };
}

/** The part of the health page about presence. */
export function presenceOf(health: Health | undefined): PresenceState | undefined {
  return health?.presence as PresenceState | undefined;
}

async function started(
  world: PresenceWorld,
  options: PresenceRigOptions,
  address: string,
  port: number,
): Promise<{ gateway: Gateway; close: () => Promise<void> }> {
  try {
    const gateway = await startGateway(configuration(world, options, address, port));
    return {
      gateway,
      close: async () => {
        await gateway.stop();
        await world.close();
      },
    };
  } catch (error) {
    await world.close();
    throw error;
  }
}

async function untilRight(world: PresenceWorld, what: string, ms: number): Promise<void> {
  try {
    await eventually(what, () => world.wrong(1).length === 0, ms);
  } catch (error) {
    const wrong = world.wrong();
    throw new Error(`${(error as Error).message}; ${wrong.length} pairs: ${wrong.slice(0, 10).join("; ")}`);
  }
}

function configuration(
  world: PresenceWorld,
  options: PresenceRigOptions,
  address: string,
  port: number,
): object {
  return {
    sip: {
      listen: [`udp:${address}:${port}`, `tcp:${address}:${port}`],
      timers: options.timers ?? {},
      limits: options.sipLimits ?? {},
      peers: [
        {
          name: "phones",
          trust: [address, ...(options.trust ?? [])],
          proxy: `sip:${address}:${world.endpoint.port}`,
          route: false,
        },
      ],
    },
    xmpp: {
      components: [{ host: SIP_DOMAIN, server: `${address}:${world.server.port}`, secret: "any" }],
      reconnect: { first: "50 ms", longest: "200 ms" },
      ...(options.timers === undefined ? {} : { proofDeadline: "1500 ms" }), // under 32 times T1
    },
    domains: {
      sip: [{ sip: SIP_DOMAIN, xmpp: SIP_DOMAIN, peer: "phones" }],
      xmpp: [{ xmpp: XMPP_DOMAIN, sip: XMPP_DOMAIN, via: "route" }],
    },
    presence: options.presence ?? {},
    log: { level: options.log ?? "warn" },
  };
}
