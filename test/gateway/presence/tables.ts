/** Mapping tables of a gateway between two domains of phones and two of XMPP. */

import { parseDomainRules } from "../../../src/config/mappings";
import { DEFAULT_SWITCHES } from "../../../src/core/switches";
import type { Tables } from "../../../src/core/tables";
import { SHIPPED } from "../../support/shipped-tables";

const DOMAINS = {
  sip: [
    { sip: "sip.example", xmpp: "sip.example", peer: "phones" },
    { sip: "other.example", xmpp: "other.example", peer: "others" },
  ],
  xmpp: [
    { xmpp: "xmpp.example", sip: "xmpp.example", via: "route" },
    { xmpp: "*", sip: "gateway.example", via: "gateway" },
  ],
};

export const TABLES: Tables = {
  domains: parseDomainRules(DOMAINS),
  ...SHIPPED,
  switches: new Map([["default", DEFAULT_SWITCHES]]),
};
