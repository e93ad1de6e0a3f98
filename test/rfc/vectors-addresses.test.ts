import { compileDomains, sipTargetToJid } from "../../src/core/address/domains";
import { escapeLocalpart, unescapeLocalpart } from "../../src/core/address/escape";
import { sipUriToJid } from "../../src/core/address/sip-to-xmpp";
import { jidToSipUri } from "../../src/core/address/xmpp-to-sip";
import type { Result } from "../../src/core/result";
import { vectorsOf } from "./vectors";

type Scheme = "sip" | "sips" | "im" | "pres";

test.each(vectorsOf<{ uri: string }, { jid: string }>("address-sip-to-jid"))(
  "%s",
  (_, { input, expect: wanted }) => {
    expect(mapped(sipUriToJid(input.uri))).toBe(wanted.jid);
  },
);

test.each(vectorsOf<{ jid: string; scheme: Scheme }, { uri: string }>("address-jid-to-sip"))(
  "%s",
  (_, { input, expect: wanted }) => {
    expect(mapped(jidToSipUri(input.jid, { scheme: input.scheme }))).toBe(wanted.uri);
  },
);

test.each(vectorsOf<{ uri?: string; jid?: string }, { uri: string; jid: string }>("address-roundtrip"))(
  "%s",
  (_, { input, expect: wanted }) => {
    const jid = input.jid ?? mapped(sipUriToJid(input.uri!));
    const uri = input.uri ?? mapped(jidToSipUri(input.jid!));
    expect({ jid, uri }).toEqual(wanted);
    expect(mapped(jidToSipUri(jid))).toBe(wanted.uri);
    expect(mapped(sipUriToJid(uri))).toBe(wanted.jid);
  },
);

test.each(vectorsOf<{ unescaped: string }, { escaped: string }>("jid-escape"))("%s", (_, vector) => {
  const escaped = escapeLocalpart(vector.input.unescaped);
  expect(escaped).toEqual({ ok: true, value: vector.expect.escaped });
  expect(unescapeLocalpart(vector.expect.escaped)).toEqual({ ok: true, value: vector.input.unescaped });
});

test.each(vectorsOf<{ sipRequestUri: string }, { translate: boolean; statusOneOf: number[] }>("policy"))(
  "%s",
  (_, { input, expect: wanted }) => {
    const domains = compileDomains({
      sip: [],
      xmpp: [{ xmpp: "example.com", sip: "example.com", via: "route" }],
    });
    const target = sipTargetToJid(input.sipRequestUri, domains);
    expect(target.ok).toBe(wanted.translate);
    if (!target.ok) expect(wanted.statusOneOf).toContain(target.rejection.sipStatus);
  },
);

function mapped(result: Result<{ value: string }>): string {
  return result.ok ? result.value.value : `refused: ${result.rejection.code}`;
}
