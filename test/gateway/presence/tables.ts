/** Mapping tables of a gateway between two domains of phones and two of XMPP. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  loadContentTypes,
  loadErrorTable,
  loadPresenceTable,
  parseDomainRules,
} from "../../../src/config/mappings";
import { DEFAULT_SWITCHES } from "../../../src/core/switches";
import type { Tables } from "../../../src/core/tables";

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
  errors: loadErrorTable(read("errors.yaml"), "errors.yaml"),
  contentTypes: loadContentTypes(read("content-types.yaml"), "content-types.yaml"),
  presence: loadPresenceTable(read("presence.yaml"), "presence.yaml"),
  switches: new Map([["default", DEFAULT_SWITCHES]]),
};

function read(name: string): string {
  return readFileSync(join(__dirname, "../../../mappings", name), "utf8");
}
