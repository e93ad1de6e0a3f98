/** `service:` → what the service is told at start. */

import type { ServiceOptions } from "../gateway/service/options";
import type { Settings } from "./schema";

export function serviceOptions({ service }: Settings): ServiceOptions {
  const { administrators, domains, commands, cards, search, numbers, limits } = service;
  const { country, trunk, international } = numbers;
  return {
    administrators,
    domains,
    commands,
    cards,
    ...(search.enabled ? { search: { limit: search.results, minimumLetters: search.letters } } : {}),
    ...(country === undefined ? {} : { numbers: { country, trunk, international } }),
    maximumSessions: limits.sessions,
    maximumSessionsPerPerson: limits.perPerson,
    sessionLifetimeMs: limits.sessionLifetime,
    burst: limits.burst,
    perSecond: limits.perSecond,
  };
}
