/** Romeo: a small SIP phone on our own user agent. It says lines by MESSAGE, signed with digest, and shows what it gets. */

import type { SipOutcome } from "../core/input";
import { DEFAULT_SWITCHES } from "../core/switches";
import type { PresenceTable } from "../core/tables";
import { createLog } from "../log";
import { systemClock } from "../runtime/clock";
import { createCounters } from "../runtime/counters";
import { randomIds } from "../runtime/ids";
import { createLocator } from "../sip/locate";
import type { SipOptions } from "../sip/options";
import { DEFAULT_TIMERS } from "../sip/transaction/timers";
import { createTransports } from "../sip/transport/transports";
import { createSipSide } from "../sip/user-agent";
import type { SandboxPlan } from "./plan";
import { RomeoPresence } from "./romeo-presence";
import { Waiters } from "./waiters";

export interface Romeo {
  readonly presence: RomeoPresence;
  /** Signs in at the gateway, with digest; rejects with the status when it was refused. */
  register(): Promise<void>;
  /** Sends a line; rejects with the status when the gateway refused it. */
  say(toUri: string, text: string): Promise<void>;
  /** Resolves with the text of the next message. */
  heard(deadlineMs: number): Promise<string>;
  stop(): Promise<void>;
}

const MAXIMUM_BYTES = 256 * 1024;
const FEW = 1_000;
/** A day, the longest that the gateway grants: the sandbox is not for longer. */
const REGISTRATION_SECONDS = 86_400;

/** Opens the phone on its port. @param table what its states are called on either side */
export async function startRomeo(plan: SandboxPlan, table: PresenceTable): Promise<Romeo> {
  const clock = systemClock();
  const ids = randomIds();
  const log = createLog({ level: "error", format: "text" });
  const counters = createCounters();
  const options = phoneOptions(plan);
  const transports = createTransports(options.transport, { log, counters, clock });
  const locator = createLocator({ clock, log });
  const side = createSipSide(options, { transports, locator, clock, ids, log, counters });
  const inbox = new Waiters<string>("romeo");
  const presence = new RomeoPresence(side, ids, table);
  await side.start(
    (message) => {
      inbox.take(Buffer.from(message.body).toString("utf8"));
      return { status: 200, reason: "OK", headers: [] };
    },
    (event) => presence.take(event),
  );
  let cseq = 0;
  const registration = ids.random();
  return {
    presence,
    register: async () => {
      cseq += 1;
      const outcome = await side.register(
        {
          toUri: plan.romeoUri,
          fromUri: plan.romeoUri,
          fromTag: ids.random(64),
          callId: registration,
          cseq,
          branch: ids.random(),
          contentType: "",
          headers: [["Expires", String(REGISTRATION_SECONDS)]],
          body: Buffer.alloc(0),
          peer: "gateway",
        },
        `sip:${plan.server.componentHost}`,
      );
      refuseFailure("registration", outcome);
    },
    say: async (toUri, text) => {
      cseq += 1;
      const outcome = await side.send({
        toUri,
        fromUri: plan.romeoUri,
        fromTag: ids.random(64),
        callId: ids.random(),
        cseq,
        branch: ids.random(),
        contentType: "text/plain",
        headers: [],
        body: Buffer.from(text),
        peer: "gateway",
      });
      refuseFailure("line", outcome);
    },
    heard: (deadlineMs) => inbox.next("a line", deadlineMs),
    stop: async () => {
      await side.stop();
    },
  };
}

function phoneOptions(plan: SandboxPlan): SipOptions {
  const { address } = plan.server;
  const listener = { address, port: plan.romeoPort };
  return {
    transport: {
      listeners: [
        { transport: "udp", ...listener },
        { transport: "tcp", ...listener },
      ],
      idleCloseMs: 600_000,
      connectTimeoutMs: 5_000,
      maximumConnections: FEW,
      maximumMessageBytes: MAXIMUM_BYTES,
    },
    timers: DEFAULT_TIMERS,
    peers: [
      {
        name: "gateway",
        domains: ["*"],
        trustedAddresses: [address],
        trustedIdentities: [],
        proxy: `sip:${address}:${plan.sipPort}`,
        route: false,
        credentials: { username: "romeo", password: plan.romeoPassword },
        switches: DEFAULT_SWITCHES,
      },
    ],
    domains: ["*"],
    users: [],
    realm: "romeo",
    accept: "text/plain",
    software: "Isthmus-sandbox-phone",
    maximumServerTransactions: FEW,
    maximumClientTransactions: FEW,
  };
}

function refuseFailure(what: string, outcome: SipOutcome): void {
  if (outcome.status < 200 || outcome.status > 299) {
    throw new Error(`the gateway refused romeo's ${what}: ${outcome.status} ${outcome.reason}`);
  }
}
