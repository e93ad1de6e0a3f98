import * as fc from "fast-check";
import {
  compileDomains,
  jidSenderToSip,
  jidTargetToSip,
  sipSenderToJid,
  sipTargetToJid,
} from "../../src/core/address/domains";
import { unescapeLocalpart } from "../../src/core/address/escape";
import { bareJid, formatJid, type Jid, parseJid } from "../../src/core/address/jid";
import { percentDecode, percentEncodeGr, percentEncodeUser } from "../../src/core/address/percent";
import { widthMap } from "../../src/core/address/precis";
import { sipUriToJid } from "../../src/core/address/sip-to-xmpp";
import { parseSipUri } from "../../src/core/address/sip-uri";
import { jidToSipUri } from "../../src/core/address/xmpp-to-sip";
import type { Result } from "../../src/core/result";
import { anyText } from "../support/any-text";
import { hosts, likelyNames, names, resources } from "./arbitraries";

const RUNS = { numRuns: 500 };

test("SIP → JID → SIP gives the same user with its case folded, and the same JID again", () => {
  fc.assert(
    fc.property(fc.oneof(names, likelyNames), hosts, fc.option(resources), (name, host, resource) => {
      const gr = resource === null ? "" : `;gr=${encodedOrNothing(resource, percentEncodeGr)}`;
      const uri = `sip:${encodedOrNothing(name, percentEncodeUser)}@${host}${gr}`;
      const jid = sipUriToJid(uri);
      if (!jid.ok) return;
      const back = value(jidToSipUri(jid.value.value));
      expect(value(sipUriToJid(back))).toBe(jid.value.value);
      const user = value(percentDecode(parsed(back).user!));
      expect(folded(user)).toBe(folded(name));
      expect(parsed(back).host).toBe(host);
    }),
    RUNS,
  );
});

test("a likely name is not refused on its way to XMPP", () => {
  fc.assert(
    fc.property(likelyNames, hosts, (name, host) => {
      expect(sipUriToJid(`sip:${percentEncodeUser(name)}@${host}`)).toMatchObject({ ok: true });
    }),
    RUNS,
  );
});

test.each(["sip", "sips", "im", "pres"] as const)(
  "JID → %s → JID is the same JID, or the JID is refused as ambiguous",
  (scheme) => {
    fc.assert(
      fc.property(fc.oneof(names, likelyNames), hosts, fc.option(resources), (local, host, resource) => {
        const jid = parseJid(`${local}@${host}${resource === null ? "" : `/${resource}`}`);
        if (!jid.ok) return;
        const { text, localpart } = shown(jid.value, scheme === "sip" || scheme === "sips");
        const uri = jidToSipUri(text, { scheme });
        if (uri.ok) expect(value(sipUriToJid(uri.value.value))).toBe(text);
        else expect(isAmbiguous(localpart)).toBe(true);
      }),
      RUNS,
    );
  },
);

const domains = compileDomains({
  sip: [
    { sip: "sip.example", xmpp: "romeos.example", peer: "a", tel: true },
    { sip: "xn--mnchen-3ya.example", xmpp: "münchen.example", peer: "b", tel: false },
  ],
  xmpp: [
    { xmpp: "xmpp.example", sip: "xmpp.example", via: "route" },
    { xmpp: "capulet.example", sip: "julias.example", via: "route" },
    { xmpp: "straße.example", sip: "gateway.example", via: "gateway" },
    { xmpp: "*", sip: "*", via: "route" },
  ],
});

test("people on SIP keep one address through the domain rules", () => {
  const own = fc.constantFrom("romeos.example", "münchen.example");
  fc.assert(
    fc.property(
      fc.oneof(likelyNames, fc.constant("+15550100")),
      own,
      fc.option(resources),
      (name, domain, resource) => {
        const jid = parseJid(
          `${name.replace(/[ "&'/:<>@]/g, "")}@${domain}${resource === null ? "" : `/${resource}`}`,
        );
        if (!jid.ok) return;
        const { text, localpart } = shown(jid.value, true);
        const uri = jidTargetToSip(text, domains);
        if (!uri.ok) return expect(isAmbiguous(localpart)).toBe(true);
        expect(sipSenderToJid(uri.value.uri, domains)).toMatchObject({ ok: true, value: { jid: text } });
      },
    ),
    RUNS,
  );
});

test("people on XMPP keep one address through the domain rules, by route, gateway and *", () => {
  const theirs = fc.constantFrom(
    "xmpp.example",
    "capulet.example",
    "straße.example",
    "far.example",
    "日本.example",
  );
  fc.assert(
    fc.property(fc.oneof(likelyNames, names), theirs, fc.option(resources), (name, domain, resource) => {
      const jid = parseJid(
        `${name.replace(/[ "&'/:<>@]/g, "")}@${domain}${resource === null ? "" : `/${resource}`}`,
      );
      if (!jid.ok) return;
      const { text, localpart } = shown(jid.value, true);
      const uri = jidSenderToSip(text, domains);
      if (!uri.ok) return expect(isAmbiguous(localpart)).toBe(true);
      expect(sipTargetToJid(uri.value.uri, domains)).toMatchObject({ ok: true, value: { jid: text } });
    }),
    RUNS,
  );
});

test("no text at all makes a mapping throw, and what it gives can be read again", () => {
  const anything = fc.oneof(
    anyText({ maxLength: 60 }),
    names,
    fc
      .tuple(fc.constantFrom("sip:", "sips:", "im:", "tel:", "xmpp:", "SIP:"), names)
      .map((parts) => parts.join("")),
    fc
      .tuple(fc.constantFrom("sip:", "xmpp:"), names, hosts, names)
      .map(([a, b, c, d]) => `${a}${b}@${c};${d}`),
  );
  fc.assert(
    fc.property(anything, (text) => {
      const jids = [sipUriToJid(text, { telDomain: "t.example" }), jidToSipUri(text)];
      if (jids[0]!.ok) expect(parseJid(jids[0]!.value.value).ok).toBe(true);
      if (jids[1]!.ok) expect(parseSipUri(jids[1]!.value.value).ok).toBe(true);
      for (const map of [sipSenderToJid, sipTargetToJid, jidSenderToSip, jidTargetToSip]) map(text, domains);
    }),
    { numRuns: 500 },
  );
});

function value(result: Result<{ value: string } | string>): string {
  if (!result.ok) throw new Error(`refused: ${result.rejection.code} ${result.rejection.detail}`);
  return typeof result.value === "string" ? result.value : result.value.value;
}

function parsed(uri: string) {
  const result = parseSipUri(uri);
  if (!result.ok) throw new Error(`unreadable: ${uri}`);
  return result.value;
}

/** What canonicalisation makes of a name: width, case, NFC. */
function folded(name: string): string {
  return widthMap(name).replaceAll("Σ", "σ").toLowerCase().normalize("NFC");
}

function shown(jid: Jid, withResource: boolean): { text: string; localpart: string } {
  return { text: withResource ? formatJid(jid) : bareJid(jid), localpart: jid.local ?? "" };
}

/** An escaped backslash that needed no escape, or an escaped space at an edge. */
function isAmbiguous(localpart: string): boolean {
  const sequence = "(?:20|22|26|27|2f|3a|3c|3e|40|5c)";
  const name = unescapeLocalpart(localpart);
  return !name.ok || new RegExp(`\\\\5c(?!${sequence})`).test(localpart);
}

/** A lone surrogate has no encoding; the parser must then say so. */
function encodedOrNothing(text: string, encode: (text: string) => string): string {
  return /[\ud800-\udfff]/u.test(text) ? text : encode(text);
}
