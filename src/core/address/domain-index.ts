/** Domain rules (mappings/domains.yaml) by name, so that one look-up serves one address. */

import type { DomainTable, SipDomainRule, XmppDomainRule } from "../tables";

/** A domain table with its look-ups. Where two rules claim one name, the first counts; the loader refuses such tables. */
export class DomainIndex implements DomainTable {
  readonly sip: readonly SipDomainRule[];
  readonly xmpp: readonly XmppDomainRule[];
  /** People on SIP: by SIP domain, and by component host. */
  readonly sipByHost = new Map<string, SipDomainRule>();
  readonly sipByComponent = new Map<string, SipDomainRule>();
  readonly telephone: SipDomainRule | undefined;
  /** People on XMPP: by XMPP domain; the rules for every other domain. Who writes from there goes by the first listed. */
  readonly xmppByDomain = new Map<string, XmppDomainRule>();
  readonly anyXmpp: XmppDomainRule | undefined;
  readonly anyByRoute: XmppDomainRule | undefined;
  readonly anyByGateway: XmppDomainRule | undefined;
  /** Rules via route by SIP domain, and the SIP domains of rules via gateway. */
  readonly routeByHost = new Map<string, XmppDomainRule>();
  readonly gatewayHosts = new Set<string>();

  constructor(table: DomainTable) {
    this.sip = table.sip;
    this.xmpp = table.xmpp;
    for (const rule of table.sip) {
      addFirst(this.sipByHost, rule.sip, rule);
      addFirst(this.sipByComponent, rule.xmpp, rule);
    }
    this.telephone = table.sip.find((rule) => rule.tel);
    this.anyXmpp = table.xmpp.find((rule) => rule.xmpp === ANY);
    this.anyByRoute = table.xmpp.find((rule) => rule.xmpp === ANY && rule.via === "route");
    this.anyByGateway = table.xmpp.find((rule) => rule.xmpp === ANY && rule.via === "gateway");
    for (const rule of table.xmpp) {
      if (rule.xmpp !== ANY) addFirst(this.xmppByDomain, rule.xmpp, rule);
      if (rule.via === "gateway") this.gatewayHosts.add(rule.sip);
      else if (rule.sip !== ANY) addFirst(this.routeByHost, rule.sip, rule);
    }
  }
}

/** The name that stands for any domain. */
export const ANY = "*";

function addFirst<Rule>(map: Map<string, Rule>, name: string, rule: Rule): void {
  if (!map.has(name)) map.set(name, rule);
}
