/** Bug 17 of the gateways before us: a long user part wrote outside a buffer. Here it round-trips or is refused. */

import { percentEncodeUser } from "../../../src/core/address/percent";
import { sipUriToJid } from "../../../src/core/address/sip-to-xmpp";
import { jidToSipUri } from "../../../src/core/address/xmpp-to-sip";

const UNITS = ["a", "%", "*", "\\40", "'", "&", "ü", "日", "😀", "%25", "\\"];
const HOSTS = ["h.example", "xn--mnchen-3ya.example"];
const cases = UNITS.flatMap((unit) =>
  [1023, 1024, 65_535].flatMap((octets) =>
    HOSTS.map((host): [number, string, string] => [octets, unit, host]),
  ),
);

test.each(cases)("bug 17: a name of %i octets of %j at %s", (octets, unit, host) => {
  const size = new TextEncoder().encode(unit).length;
  const name = unit
    .repeat(Math.floor(octets / size))
    .padEnd(Math.floor(octets / size) * unit.length + (octets % size), "b");
  const jid = sipUriToJid(`sip:${percentEncodeUser(name)}@${host}`);
  if (jid.ok) {
    const uri = jidToSipUri(jid.value.value);
    expect(uri).toMatchObject({ ok: true });
    expect(uri.ok && sipUriToJid(uri.value.value)).toMatchObject({ value: { value: jid.value.value } });
    expect(uri.ok && uri.value.value).toBe(`sip:${percentEncodeUser(name)}@${host}`);
  } else {
    expect(["ADDRESS_TOO_LONG", "ADDRESS_MALFORMED"]).toContain(jid.rejection.code);
    expect([400, 414]).toContain(jid.rejection.sipStatus);
    expect(jid.rejection.condition).toBe("jid-malformed");
  }
  // Plain letters, `*` and letters of two and three octets fit exactly; escapes triple the name.
  expect(jid.ok).toBe(octets === 1023 && ["a", "%", "*", "ü", "日", "%25", "\\"].includes(unit));
});

test.each(cases)("bug 17: a localpart of %i octets of %j at %s", (octets, unit, host) => {
  const text = `${unit.repeat(octets).slice(0, octets)}@${host}`;
  const uri = jidToSipUri(text);
  if (uri.ok) expect(sipUriToJid(uri.value.value).ok).toBe(true);
  else expect(uri.rejection.condition).toBe("jid-malformed");
});

test.each(HOSTS)("bug 17: a domain and a gr of 1024 octets at %s", (host) => {
  for (const uri of [`sip:a@${"b".repeat(1024)}.${host}`, `sip:a@${host};gr=${"c".repeat(1024)}`]) {
    expect(sipUriToJid(uri)).toMatchObject({ ok: false, rejection: { sipStatus: 414 } });
  }
  expect(sipUriToJid(`sip:a@${host};gr=${"c".repeat(1023)}`)).toMatchObject({ ok: true });
  expect(sipUriToJid(`sip:a@${host};x=${"c".repeat(65_535)}`)).toMatchObject({
    rejection: { sipStatus: 414 },
  });
});
