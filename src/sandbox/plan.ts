/** Names, ports and passwords of one sandbox, and the gateway's configuration made from them. */

import { createHash } from "node:crypto";
import { stringify } from "yaml";
import type { SandboxServer } from "./prosody";

export interface SandboxPlan {
  readonly folder: string;
  readonly server: SandboxServer;
  readonly sipPort: number;
  readonly romeoPort: number;
  readonly healthPort: number;
  readonly romeoPassword: string;
  readonly romeoUri: string;
  readonly romeoJid: string;
  readonly julietUri: string;
}

/** Realm of the gateway's challenges in the sandbox. */
export const REALM = "sandbox";

/** isthmus.yaml of the sandbox. */
export function sandboxConfig(plan: SandboxPlan): string {
  const { server } = plan;
  return stringify({
    sip: {
      listen: [`udp:${server.address}:${plan.sipPort}`, `tcp:${server.address}:${plan.sipPort}`],
      realm: REALM,
      users: "users.yaml",
    },
    registrar: { domains: [server.componentHost] },
    presence: { approval: "ask" },
    xmpp: {
      components: [
        {
          host: server.componentHost,
          server: `${server.address}:${server.componentPort}`,
          secret: server.secret,
        },
      ],
    },
    domains: {
      sip: [{ sip: server.componentHost, xmpp: server.componentHost }],
      xmpp: [{ xmpp: server.domain, sip: server.domain, via: "route" }],
    },
    store: { file: "isthmus.db" },
    health: { listen: `${server.address}:${plan.healthPort}` },
  });
}

/** users.yaml of the sandbox: romeo signs his requests with digest. */
export function usersFile(plan: SandboxPlan): string {
  const secret = `romeo:${REALM}:${plan.romeoPassword}`;
  const hash = (algorithm: string): string => createHash(algorithm).update(secret).digest("hex");
  return stringify([
    { username: "romeo", realm: REALM, uri: plan.romeoUri, md5: hash("md5"), sha256: hash("sha256") },
  ]);
}
