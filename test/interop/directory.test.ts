import { join } from "node:path";
import { makeCertificates } from "../support/certificates";
import { ldapOptions, makeDirectory } from "../support/directory";
import { temporaryFolder } from "../support/processes";
import { needs } from "../support/requires";
import { GATEWAY, md5Of, READER, type Slapd, startSlapd } from "../support/slapd";

needs(["slapd", "openssl"], "a real slapd with 10,000 people", () => {
  const certificates = makeCertificates(join(temporaryFolder("ldap-tls"), "tls"), {
    local: { dns: ["localhost"] },
  });
  let slapd: Slapd;
  beforeAll(async () => {
    slapd = await startSlapd({ people: 10_000, tls: certificates.of.local });
  }, 60_000);
  afterAll(() => slapd.stop());

  test("a person is found by SIP address, alias, telephone number, JID and username", async () => {
    const { directory } = makeDirectory([ldapOptions([slapd.url], { bind: GATEWAY })]);
    const person = {
      id: "uid=u07331,ou=people,dc=example,dc=org",
      sipUri: "sip:u07331@sip.example",
      jid: "u07331@xmpp.example",
      isAllowed: true,
      name: "Person Number 7331",
    };
    const found = { kind: "found", value: expect.objectContaining(person) };
    expect(await directory.bySip("sip:u07331@sip.example;transport=tcp")).toEqual(found);
    expect(await directory.bySip("sips:PERSON.7331@SIP.example:5061")).toEqual(found);
    expect(await directory.bySip("tel:+39-045-07331")).toEqual(found);
    expect(await directory.byJid("u07331@xmpp.example/balcony")).toEqual(found);
    expect(await directory.byJid("person.7331@sip.example")).toEqual(found);
    expect(await directory.secretOf("u07331", "sip.example")).toEqual({
      kind: "found",
      value: {
        username: "u07331",
        ha1: { MD5: md5Of(7331), "SHA-256": expect.stringMatching(/^[0-9a-f]{64}$/) },
        person: expect.objectContaining(person),
      },
    });
    expect(await directory.bySip("sip:nobody@sip.example")).toEqual({ kind: "unknown" });
  });

  test("somebody else may not read the digests", async () => {
    const { directory } = makeDirectory([ldapOptions([slapd.url], { bind: READER })]);
    expect(await directory.secretOf("u00001", "sip.example")).toEqual({ kind: "unknown" });
    expect(await directory.bySip("sip:u00001@sip.example")).toMatchObject({ kind: "found" });
  });
});
