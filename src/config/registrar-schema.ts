/** Options of the registrar. RFC 3261 §10, RFC 5626, RFC 5627, RFC 3608. */

import { option, section } from "./option";
import { DURATION, integer, list, SIP_DOMAIN, YES_NO } from "./values";

export const REGISTRAR = section(
  "Phones that register here, for domains without a SIP proxy (RFC 3261 §10).",
  {
    domains: option(
      list(SIP_DOMAIN),
      [],
      "SIP domains whose phones register, and publish presence, here; they sign in as the directory or sip.users says",
    ),
    expires: option(DURATION, "1 h", "Lifetime of a registration when the phone names none"),
    minimumExpires: option(DURATION, "1 min", "Shortest lifetime that a phone may ask for"),
    maximumExpires: option(DURATION, "1 d", "Longest lifetime that a phone is given"),
    gruu: option(YES_NO, true, "Give devices addresses of their own (GRUU, RFC 5627)"),
    serviceRoute: option(
      YES_NO,
      false,
      "Tell phones to send everything through us (RFC 3608), also what is for other domains",
    ),
    flowTimer: option(
      DURATION,
      "2 min",
      "How often a phone that keeps its flow must show it (RFC 5626), for NATs",
    ),
    limits: section("Bounds of the registrar.", {
      perPerson: option(
        integer(1, 1000),
        10,
        "Registrations of one person; one more replaces the one renewed longest ago",
      ),
      perAddress: option(
        integer(1, 10_000_000),
        1000,
        "Registrations from one address, such as that of a NAT; proxies that are trusted have no bound",
      ),
    }),
  },
);
