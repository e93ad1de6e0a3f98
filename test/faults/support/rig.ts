/** The gateway between a real XMPP server, behind a relay that fails on demand, and a SIP phone that knows every message's fate. */

import { Cutter } from "../../support/cutter";
import { type Gateway, startGateway } from "../../support/gateway";
import { freePort, holdAddress } from "../../support/ports";
import { startProsody } from "../../support/prosody";
import { SipPhone } from "../../support/sip-phone";
import type { StartXmppServer, XmppServer } from "../../support/xmpp-server";
import { Person } from "./person";
import { Recording } from "./recording";

export const SIP_DOMAIN = "sip.test";
export const XMPP_DOMAIN = "xmpp.test";
const SECRET = "a secret";

export interface RigOptions {
  readonly server?: StartXmppServer;
  /** T1 and T2 of the gateway; those of RFC 3261 unless given. */
  readonly timers?: { readonly t1: string; readonly t2: string };
  /** Shorter where T1 is. */
  readonly proofDeadline?: string;
  readonly limits?: object;
  /** Further sections of the configuration. */
  readonly more?: object;
  readonly sipLimits?: object;
  /** Where messages to SIP go; to the phone unless given. */
  readonly proxy?: string;
  /** No relay between gateway and server: nothing then delays the news that one of them has died. */
  readonly direct?: boolean;
  /** Names of XMPP accounts; "juliet" unless given. They are online when the rig is ready. */
  readonly people?: readonly string[];
}

export interface Rig {
  readonly server: XmppServer;
  readonly cutter: Cutter;
  readonly recording: Recording;
  readonly gateway: Gateway;
  readonly phone: SipPhone;
  /** Where the gateway takes SIP. */
  readonly sip: { readonly address: string; readonly port: number };
  readonly people: readonly Person[];
  /** The first of the people. */
  readonly juliet: Person;
  stop(): Promise<void>;
}

/** Starts everything; link times are short, so that a fault is over within seconds. What was started is stopped if the rest fails. */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const stops: (() => unknown)[] = [];
  const stop = async (): Promise<void> => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    return await assemble(options, stops, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function assemble(
  options: RigOptions,
  stops: (() => unknown)[],
  stop: () => Promise<void>,
): Promise<Rig> {
  const names = options.people ?? ["juliet"];
  const server = await (options.server ?? startProsody)({
    domain: XMPP_DOMAIN,
    components: [{ host: SIP_DOMAIN, secret: SECRET }],
    users: names.map((name) => ({ name, password: PASSWORD })),
  });
  stops.push(() => server.stop());
  const address = await holdAddress();
  const cutter = await Cutter.open(address, { address: server.address, port: server.componentPort });
  stops.push(() => cutter.stop());
  const recording = new Recording(cutter);
  const phone = await SipPhone.open(address);
  stops.push(() => phone.close());
  const sip = { address, port: await freePort(address) };
  const gateway = await startGateway(configuration(options, { server, cutter, phone, sip }));
  stops.push(() => gateway.stop());
  const people = await Promise.all(names.map((name) => Person.online(server, name, PASSWORD)));
  stops.push(() => Promise.all(people.map((person) => person.stop())));
  return {
    ...{ server, cutter, recording, gateway, phone, sip, people, stop },
    juliet: people[0] as Person,
  };
}

function configuration(
  options: RigOptions,
  { server, cutter, phone, sip }: Pick<Rig, "server" | "cutter" | "phone" | "sip">,
) {
  const link =
    options.direct === true ? `${server.address}:${server.componentPort}` : `${phone.address}:${cutter.port}`;
  return {
    sip: {
      listen: [`udp:${sip.address}:${sip.port}`, `tcp:${sip.address}:${sip.port}`],
      limits: options.sipLimits ?? {},
      timers: options.timers ?? {},
      peers: [
        {
          name: "phones",
          trust: [`${phone.address}/32`],
          proxy: options.proxy ?? `sip:${phone.address}:${phone.port}`,
          route: false,
        },
      ],
    },
    xmpp: {
      components: [{ host: SIP_DOMAIN, server: link, secret: SECRET }],
      reconnect: { first: "200 ms", longest: "1 s" },
      ping: { every: "1 s", deadline: "2 s" },
      proofDeadline: options.proofDeadline ?? "3 s",
    },
    domains: {
      sip: [{ sip: SIP_DOMAIN, xmpp: SIP_DOMAIN, peer: "phones" }],
      xmpp: [{ xmpp: XMPP_DOMAIN, sip: XMPP_DOMAIN, via: "route" }],
    },
    // One person stands for many here.
    limits: { rates: { messages: { sender: "off", pair: "off" } }, ...options.limits },
    log: { level: "info" },
    ...options.more,
  };
}

const PASSWORD = "balcony";
