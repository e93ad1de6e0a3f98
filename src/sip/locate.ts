/** From the host of a SIP URI to the addresses to send to, in order; failed ones are spared for a while. RFC 3263 §4. */

import type { Clock, Log } from "../gateway/sides";
import { createLookups } from "./locate/lookups";
import { Penalties } from "./locate/penalties";
import type { Located, LocateOptions, LocateRequest } from "./locate/request";
import { type DnsResolver, systemResolver } from "./locate/resolver";
import { Search } from "./locate/search";
import type { Family } from "./transport/ip";
import type { Endpoint, Target, TransportName } from "./transport/transport";

export type { Located, LocateOptions, LocateProblem, LocateRequest } from "./locate/request";

export interface LocatorDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly resolver?: DnsResolver;
  /** Numbers from 0 to below 1, for the draw by weight. */
  readonly random?: () => number;
  /** Transports that can be had; absent: all. */
  readonly transports?: readonly TransportName[];
  /** Families that can be had, the preferred one first; absent: IPv4, then IPv6. */
  readonly families?: readonly Family[];
}

export interface Locator {
  /** Where to send, in order; empty when nothing was found. At once for an IP literal. Never rejects. */
  locate(request: LocateRequest, options?: LocateOptions): readonly Target[] | Promise<readonly Target[]>;
  /** The same, with the reason when nothing was found. */
  find(request: LocateRequest, options?: LocateOptions): Located | Promise<Located>;
  /** The target gave a transport error, a time-out or 503: others are tried first for a while (§4.3). */
  failed(target: Endpoint, retryAfterMs?: number): void;
  /** The target answered: it is as good as any again. */
  succeeded(target: Endpoint): void;
}

export function createLocator(deps: LocatorDeps): Locator {
  const penalties = new Penalties(deps.clock);
  const search = new Search({
    lookups: createLookups(deps.resolver ?? systemResolver(), deps.clock),
    random: deps.random ?? Math.random,
    transports: deps.transports ?? ALL_TRANSPORTS,
    families: deps.families ?? [4, 6],
  });

  function find(request: LocateRequest, options: LocateOptions = {}): Located | Promise<Located> {
    const located = search.find(request, options);
    return located instanceof Promise
      ? located.then((one) => sifted(request, one))
      : sifted(request, located);
  }

  function sifted(request: LocateRequest, located: Located): Located {
    if (located.problem === undefined) return { targets: penalties.sift(located.targets) };
    deps.log.info({ host: request.host, problem: located.problem }, "next hop not found");
    return located;
  }

  return {
    find,
    locate: (request, options) => {
      const located = find(request, options);
      return located instanceof Promise ? located.then(({ targets }) => targets) : located.targets;
    },
    failed: (target, retryAfterMs) => penalties.failed(target, retryAfterMs),
    succeeded: (target) => penalties.succeeded(target),
  };
}

const ALL_TRANSPORTS: readonly TransportName[] = ["udp", "tcp", "tls"];
