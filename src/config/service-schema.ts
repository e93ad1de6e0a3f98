/** `service:`: what XMPP users and administrators meet beside messages and presence, and its bounds. */

import { bareJid, parseJid } from "../core/address/jid";
import { option, optional, section } from "./option";
import { DURATION, integer, list, value, XMPP_DOMAIN, YES_NO } from "./values";

/** Somebody on XMPP: a JID without a resource, in canonical form. */
const BARE_JID = value("a bare JID, such as admin@xmpp.example", (raw) => {
  const jid = typeof raw === "string" ? parseJid(raw) : undefined;
  const isPerson = jid?.ok === true && jid.value.local !== undefined && jid.value.resource === undefined;
  return isPerson ? bareJid(jid.value) : undefined;
});

const DIGITS = value('up to six digits in quotes, such as "49"', (raw) =>
  typeof raw === "string" && /^\d{1,6}$/.test(raw) ? raw : undefined,
);

export const SERVICE = section("What XMPP users meet beside messages and presence, at each component host.", {
  administrators: option(
    list(BARE_JID),
    [],
    "Who may use the commands for administrators (XEP-0050): counts, live subscriptions, drop, reload",
  ),
  domains: option(
    list(XMPP_DOMAIN),
    [],
    "XMPP domains whose people may search, see cards and use commands, beside those that domains.xmpp names",
  ),
  commands: option(
    YES_NO,
    true,
    "Offer commands: my SIP contacts, who watches me, block, diagnose (XEP-0050)",
  ),
  cards: option(YES_NO, true, "Show cards and pictures of the directory's people (XEP-0054, XEP-0153)"),
  search: section("Search of the directory's people (XEP-0055).", {
    enabled: option(YES_NO, true, "Let people search"),
    results: option(integer(1, 1000), 50, "People found by one search"),
    letters: option(integer(1, 20), 2, "Letters that one of the words must have"),
  }),
  numbers: section("How telephone numbers are written that people enter (XEP-0100 §6).", {
    country: optional(DIGITS, "49", "Country code; left out: numbers stay as they are entered"),
    trunk: option(DIGITS, "0", "What stands in front of an area code"),
    international: option(DIGITS, "00", "What stands in front of a country code"),
  }),
  limits: section("Bounds of all this.", {
    sessions: option(integer(1, 100_000), 1000, "Commands under way"),
    perPerson: option(integer(1, 1000), 5, "Of those, commands of one person"),
    sessionLifetime: option(DURATION, "10 min", "Silence after which a command is over"),
    burst: option(integer(1, 10_000), 100, "Questions that one person may ask at once"),
    perSecond: option(integer(1, 10_000), 10, "How many more in a second after that"),
  }),
});
