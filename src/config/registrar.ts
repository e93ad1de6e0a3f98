/** `registrar:` → what the registrar and the SIP side are told at start. */

import type { DomainTable } from "../core/tables";
import type { RegistrarOptions } from "../gateway/registrar/options";
import { complain, type Loading } from "./files";
import type { Settings } from "./schema";

export interface RegistrarConfig extends RegistrarOptions {
  readonly serviceRoute: boolean;
}

/** Undefined: no domain registers here. */
export function registrarConfig(
  loading: Loading,
  { registrar }: Settings,
  domains: DomainTable,
): RegistrarConfig | undefined {
  checkDomains(loading, registrar, domains);
  checkTimes(loading, registrar);
  if (registrar.domains.length === 0) return undefined;
  const { limits } = registrar;
  return {
    domains: registrar.domains,
    settings: {
      expiresSeconds: Math.ceil(registrar.expires / 1000),
      minimumExpiresSeconds: Math.ceil(registrar.minimumExpires / 1000),
      maximumExpiresSeconds: Math.ceil(registrar.maximumExpires / 1000),
      maximumBindings: limits.perPerson,
    },
    gruu: registrar.gruu,
    serviceRoute: registrar.serviceRoute,
    flowSeconds: Math.ceil(registrar.flowTimer / 1000),
    maximumPerAddress: limits.perAddress,
  };
}

function checkDomains(loading: Loading, registrar: Settings["registrar"], { sip }: DomainTable): void {
  const served = new Set(sip.map((rule) => rule.sip));
  registrar.domains.forEach((domain, index) => {
    if (served.has(domain)) return;
    const names = served.size === 0 ? "there is none" : [...served].join(", ");
    complain(loading, ["registrar", "domains", index], `a SIP domain of domains.sip (${names})`, domain);
  });
}

function checkTimes(loading: Loading, registrar: Settings["registrar"]): void {
  const { minimumExpires, expires, maximumExpires } = registrar;
  if (minimumExpires > maximumExpires) {
    const expected = `at least registrar.minimumExpires (${minimumExpires} ms)`;
    complain(loading, ["registrar", "maximumExpires"], expected, `${maximumExpires} ms`);
  }
  if (expires < minimumExpires || expires > maximumExpires) {
    const expected = "between registrar.minimumExpires and registrar.maximumExpires";
    complain(loading, ["registrar", "expires"], expected, `${expires} ms`);
  }
}
