/** A gateway that runs already: a check asks its health page, and leaves alone what it holds. */

import type { Config } from "../config/config";
import type { Endpoint } from "../sip/transport/transport";
import type { LinkState } from "../xmpp/component";

/** What the health page of a running gateway says, as far as a check needs it. */
export interface RunningGateway {
  readonly version: string;
  readonly upSeconds: number;
  readonly ready: boolean;
  readonly listeners: readonly Endpoint[];
  readonly links: readonly LinkState[];
}

/** A gateway on this machine answers at once; whatever else stands there need not. */
const ANSWER_MS = 2_000;

/** The gateway that serves the configured health page; undefined when there is none, or something else answers. */
export async function runningGateway(health: Config["health"]): Promise<RunningGateway | undefined> {
  if (health === undefined || health.port === 0) return undefined;
  try {
    const url = `http://${reachable(health.host)}:${health.port}/health`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS), redirect: "error" });
    return readReport(await answer.json());
  } catch {
    return undefined; // nobody there, or nobody who speaks like a gateway
  }
}

/** Where a page that listens on every address answers. */
function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}

function readReport(report: unknown): RunningGateway | undefined {
  if (typeof report !== "object" || report === null) return undefined;
  const { version, upSeconds, ready, listeners, links } = report as Partial<RunningGateway>;
  if (typeof version !== "string" || typeof upSeconds !== "number") return undefined;
  if (!Array.isArray(listeners) || !Array.isArray(links)) return undefined;
  return { version, upSeconds, ready: ready === true, listeners, links };
}
