/**
 * The directory on a real slapd: 10,000 people, TLS, rights, what a peer may write, a server that is killed or hangs.
 *
 * @jest-environment ./test/support/environment.ts
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Attribute, Change, Client } from "ldapts";
import { loadConfig } from "../../src/config/load";
import type { LdapOptions } from "../../src/directory/ldap/options";
import type { Directory } from "../../src/gateway/sides";
import { isthmus } from "../cli/terminal";
import { readPage } from "../docs/pages";
import { type Certificates, makeCertificates } from "../support/certificates";
import { type LdapDifferences, ldapOptions, makeDirectory } from "../support/directory";
import { eventually, temporaryFolder } from "../support/processes";
import { needs } from "../support/requires";
import {
  ADMIN,
  digest,
  GATEWAY,
  md5Of,
  PEOPLE,
  READER,
  type Slapd,
  startSlapd,
  uidOf,
} from "../support/slapd";

const AROUND = `
xmpp: { components: [{ host: sip.example, secret: s, server: "127.0.0.1:1" }] }
domains: { sip: [{ sip: sip.example, xmpp: sip.example, tel: true }], xmpp: [{ xmpp: xmpp.example, sip: xmpp.example }] }
health: { listen: "off" }
`;
const FOUND = expect.objectContaining({ kind: "found" });
/** Times are real here: long enough for a machine that is busy, short enough not to be waited for. */
const LIMITS = { connectMs: 2_000, queryMs: 2_000, retryMs: 200 };

needs(["slapd", "openssl"], "a real slapd with 10,000 people", () => {
  let certificates: Certificates<"local" | "other" | "expired">;
  let slapd: Slapd;
  beforeAll(async () => {
    certificates = makeCertificates(temporaryFolder("ldap-tls"), {
      local: { dns: ["localhost"] },
      other: { dns: ["ldap.example"] },
      expired: { dns: ["localhost"], expired: true },
    });
    slapd = await startSlapd({ people: 10_000, tls: certificates.of.local, address: "127.0.0.1" });
  }, 60_000);
  afterAll(() => slapd.stop());
  const bound = (more: LdapDifferences = {}) => ldapOptions([slapd.url], { bind: GATEWAY, ...more });

  test("a person is found by SIP address, alias, telephone number, JID and username", async () => {
    const { directory } = makeDirectory([bound()]);
    const person = {
      id: `uid=u07331,${PEOPLE}`,
      sipUri: "sip:u07331@sip.example",
      jid: "u07331@xmpp.example",
      isAllowed: true,
      name: "Person Number 7331",
      card: {
        givenName: "Person",
        familyName: "7331",
        email: "u07331@mail.example",
        telephone: "+39 045 7331",
        organization: "University",
        unit: "Unit 1",
      },
    };
    const found = { kind: "found", value: person };
    expect(await directory.bySip("sip:u07331@sip.example;transport=tcp")).toEqual(found);
    expect(await directory.bySip("sips:PERSON.7331@SIP.example:5061")).toEqual(found);
    expect(await directory.bySip("tel:+39-045-07331")).toEqual(found);
    expect(await directory.byJid("u07331@xmpp.example/balcony")).toEqual(found);
    expect(await directory.byJid("person.7331@sip.example")).toEqual(found);
    const ha1 = { MD5: md5Of(7331), "SHA-256": digest("sha256", "u07331", "password-7331") };
    // Who signs in needs no card, and slapd is not asked for one.
    const { name: _, card: __, ...signer } = person;
    expect(await directory.secretOf("u07331", "sip.example")).toEqual({
      kind: "found",
      value: { username: "u07331", ha1, person: signer },
    });
    expect(await directory.bySip("sip:nobody@sip.example")).toEqual({ kind: "unknown" });
    expect(await directory.bySip("sip:u00099@sip.example")).toMatchObject({ value: { isAllowed: false } });
  });

  test("the configuration of docs/directory.md works on its schema", async () => {
    const [, recipe = ""] =
      /<!-- recipe: openldap -->\n```yaml\n(.*?)```/s.exec(readPage("docs/directory.md")) ?? [];
    const folder = temporaryFolder("directory-docs");
    writeFileSync(join(folder, "ldap.password"), GATEWAY.password);
    writeFileSync(join(folder, "ca.pem"), certificates.ca);
    const text = recipe
      .replace(/servers: .*/, `servers: ["${slapd.tlsUrl.replace("127.0.0.1", "localhost")}"]`)
      .replace(/ca: .*/, "ca: ca.pem")
      .replace("sip:\n", 'sip:\n  listen: ["udp:127.0.0.1:0"]\n');
    const file = join(folder, "isthmus.yaml");
    writeFileSync(file, `${AROUND}${text}`);
    const { directory } = makeDirectory(loadConfig(file, {}).directory.sources);
    expect(await directory.secretOf("u00042", "sip.example")).toMatchObject({
      value: { ha1: { MD5: md5Of(42) }, person: { jid: "u00042@xmpp.example", isAllowed: true } },
    });
    const check = await isthmus(["check", "--json", "--config", file, "--person", "u00042"]);
    const probes = (JSON.parse(check.out) as { probes: { name: string; ok: boolean; detail: string }[] })
      .probes;
    expect(probes.filter(({ name }) => name.startsWith("directory"))).toEqual([
      {
        name: expect.stringContaining("directory ldap at ldaps://localhost"),
        ok: true,
        detail: expect.stringMatching(/bound as .*TLSv1\.3, certificate until Dec 31/),
      },
      { name: "directory: who is u00042", ok: true, detail: expect.stringContaining("u00042@xmpp.example") },
    ]);
    const who = await isthmus(["who", "tel:+3904500042", "--config", file]);
    expect(who.code).toBe(0);
    expect(who.out + check.out).not.toContain(md5Of(42));
  });

  test("nobody but the gateway may read the digests", async () => {
    const { directory } = makeDirectory([bound({ bind: READER })]);
    expect(await directory.secretOf("u00001", "sip.example")).toEqual({ kind: "unknown" });
    expect(await directory.bySip("sip:u00001@sip.example")).toEqual(FOUND);
    const { bind: _, ...anonymous } = bound();
    const { directory: nobody } = makeDirectory([anonymous]);
    expect(await nobody.bySip("sip:u00001@sip.example")).toMatchObject({ kind: "unavailable" });
  });

  test("search finds words, by pages, up to a limit", async () => {
    const { directory } = makeDirectory([bound({ limits: { page: 40, results: 100 } })]);
    const idsOf = async (words: string, limit: number) => {
      const answer = await directory.search(words, limit);
      return answer.kind === "found" ? answer.value.map(({ id }) => id) : answer;
    };
    expect(await idsOf("number 1234", 10)).toEqual([`uid=u01234,${PEOPLE}`]);
    expect(await idsOf("person", 50)).toHaveLength(50);
    expect(await idsOf("person", 5_000)).toHaveLength(100);
    expect(await idsOf("*)(uid=*", 10)).toEqual([]);
    expect(await idsOf("nobody.at.all", 10)).toEqual([]);
  });

  test("all 10,000 at once, over a few connections, none mistaken for another", async () => {
    const { directory, counters } = makeDirectory([bound({ limits: { waiting: 10_000, queryMs: 60_000 } })]);
    const answers = await Promise.all(
      Array.from({ length: 10_000 }, (_, index) => directory.bySip(`sip:person.${index}@sip.example`)),
    );
    const wrong = answers.filter(
      (answer, index) => answer.kind !== "found" || answer.value.sipUri !== `sip:${uidOf(index)}@sip.example`,
    );
    expect(wrong).toEqual([]);
    expect(counters.get("directory.ldap.connections")).toBe(8);
    expect(directory.bySip("sip:person.5@sip.example")).toEqual(FOUND); // remembered
  }, 60_000);

  test("two entries with one alias are nobody", async () => {
    const admin = new Client({ url: slapd.url });
    await admin.bind(ADMIN.dn, ADMIN.password);
    await admin.add(`uid=twin,${PEOPLE}`, {
      objectClass: ["inetOrgPerson", "isthmusPerson"],
      ...{
        uid: "twin",
        cn: "Twin",
        sn: "Twin",
        sipAddress: "sip:twin@sip.example",
        sipAlias: "person.17@sip.example",
      },
    });
    const { directory, log } = makeDirectory([bound()]);
    expect(await directory.bySip("sip:person.17@sip.example")).toEqual({ kind: "unknown" });
    expect(log.lines[0]).toMatchObject({ event: "directory has two entries for one" });
    await admin.del(`uid=twin,${PEOPLE}`);
    await admin.unbind();
  });

  describe("TLS", () => {
    const secure = (more: LdapDifferences = {}): LdapOptions => ({
      ...bound({ ca: certificates.ca, ...more }),
      servers: [
        { url: slapd.tlsUrl, host: "localhost", port: Number(new URL(slapd.tlsUrl).port), isTls: true },
      ],
    });
    const starting = (more: LdapDifferences = {}): LdapOptions => ({
      ...secure({ ...more, startTls: true }),
      servers: [{ url: slapd.url, host: "localhost", port: Number(new URL(slapd.url).port), isTls: false }],
    });
    const asked = async (options: LdapOptions) => {
      const { directory, log } = makeDirectory([options]);
      const answer = await directory.secretOf("u00001", "sip.example");
      return { answer, reason: log.lines[0]?.fields.detail };
    };

    test("ldaps: and StartTLS, with our authority and the name of the server", async () => {
      expect((await asked(secure())).answer).toEqual(FOUND);
      expect((await asked(starting())).answer).toEqual(FOUND);
    });

    test("not under another name, not for another authority", async () => {
      const byAddress = { ...secure(), servers: [{ ...secure().servers[0]!, host: "127.0.0.1" }] };
      expect((await asked(byAddress)).reason).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
      const { ca: _, ...worldly } = secure();
      expect((await asked(worldly)).reason).toMatch(/UNABLE_TO_VERIFY|SELF_SIGNED/);
      expect(
        (await asked({ ...worldly, ...starting(), ca: certificates.of.local.certificate })).reason,
      ).toMatch(/UNABLE_TO/);
    });

    test.each(["other", "expired"] as const)("not with a certificate that is %s", async (name) => {
      const bad = await startSlapd({ tls: certificates.of[name], address: "127.0.0.1" });
      const port = Number(new URL(bad.tlsUrl).port);
      const options = { ...secure(), servers: [{ url: bad.tlsUrl, host: "localhost", port, isTls: true }] };
      const { answer, reason } = await asked(options);
      expect(answer).toMatchObject({ kind: "unavailable" });
      expect(reason).toMatch(/ALTNAME_INVALID|HAS_EXPIRED/);
      await bad.stop();
    });
  });

  describe("what a peer may write", () => {
    const HOSTILE = [
      "*",
      "*)(uid=*",
      "u00001)(|(uid=*",
      "u0000?",
      "\\2a",
      "u00001\0",
      "u00001\u0000)(uid=*",
      "\u0000",
      "u00001\\",
      ")(",
      "(",
      "&",
      "u00001 ",
      "u00001\u00ad",
      "\ufffd\ufffd",
      "\ud800",
      "x".repeat(100_000),
      "{username}",
    ];
    let directory: Directory;
    let lines: readonly unknown[];
    beforeAll(() => {
      const made = makeDirectory([bound()]);
      directory = made.directory;
      lines = made.log.lines;
    });

    test.each(HOSTILE)("%j is nobody in every field", async (text) => {
      const uris = [
        `sip:${text}@sip.example`,
        `sip:${percent(text)}@sip.example`,
        `sip:u00001@${text}`,
        `tel:${text}`,
        text,
      ];
      for (const uri of uris) expect(await directory.bySip(uri)).toEqual({ kind: "unknown" });
      for (const jid of [`${text}@xmpp.example`, `u00001@${text}`, text]) {
        expect(await directory.byJid(jid)).toEqual({ kind: "unknown" });
      }
      expect(await directory.secretOf(text, "sip.example")).toEqual({ kind: "unknown" });
      expect(await directory.secretOf("u00001", text)).toEqual({ kind: "unknown" });
      const searched = await directory.search(text, 10);
      expect(searched.kind).toBe("found");
    });

    test("and the server was never given up for it", async () => {
      expect(await directory.secretOf("u00001", "sip.example")).toEqual(FOUND);
      expect(JSON.stringify(lines)).not.toContain("server away");
    });
  });

  test("wide letters are the same JID (RFC 8265 §3.3), but no SIP address and no username of anybody", async () => {
    const { directory } = makeDirectory([bound()]);
    expect(await directory.byJid("ｕ００００１@xmpp.example")).toEqual(FOUND);
    expect(await directory.bySip(`sip:${percent("ｕ００００１")}@sip.example`)).toEqual({ kind: "unknown" });
    expect(await directory.secretOf("ｕ００００１", "sip.example")).toEqual({ kind: "unknown" });
    expect(await directory.secretOf("U00001", "sip.example")).toEqual({ kind: "unknown" });
  });

  test("octets that are overlong UTF-8 are refused in a URI", async () => {
    const { directory } = makeDirectory([bound()]);
    for (const octets of ["%C0%AA", "%E0%80%AA", "%C1%B500001", "%ED%A0%80", "%FF"]) {
      expect(await directory.bySip(`sip:${octets}@sip.example`)).toEqual({ kind: "unknown" });
    }
  });
});

needs(["slapd"], "a slapd that fails", () => {
  let servers: Slapd[];
  beforeEach(async () => {
    servers = [await startSlapd({ people: 20 }), await startSlapd({ people: 20 })];
  });
  afterEach(async () => {
    for (const server of servers) server.signal("SIGCONT");
    await Promise.all(servers.map((server) => server.stop()));
  });
  const directoryOn = (...some: Slapd[]) =>
    makeDirectory(
      [
        ldapOptions(
          some.map((server) => server.url),
          { bind: GATEWAY, limits: { ...LIMITS } },
        ),
      ],
      {
        cache: { lifetimeMs: 0, absenceMs: 0 },
      },
    );
  const events = (log: ReturnType<typeof makeDirectory>["log"]) => log.lines.map(({ event }) => event);

  test.each<[string, NodeJS.Signals]>([
    ["killed", "SIGKILL"],
    ["stopped (SIGSTOP)", "SIGSTOP"],
  ])(
    "%s: the other one answers; it returns",
    async (_, signal) => {
      const [first, second] = servers as [Slapd, Slapd];
      const { directory, log } = directoryOn(first, second);
      expect(await directory.secretOf("u00001", "sip.example")).toEqual(FOUND);
      if (signal === "SIGSTOP") await first.freeze();
      else first.signal(signal);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => directory.secretOf(uidOf(index), "sip.example")),
      );
      expect(answers).toEqual(answers.map(() => FOUND));
      expect(events(log)).toEqual(["directory server away", "directory failed over to server"]);
      if (signal === "SIGSTOP") first.signal("SIGCONT");
      else {
        await first.stop();
        await first.start();
      }
      await eventually("return", async () => {
        await directory.secretOf("u00001", "sip.example");
        return events(log).includes("directory returned to server");
      });
      expect(events(log).slice(2)).toEqual(["directory server back", "directory returned to server"]);
    },
    30_000,
  );

  test("both hang: everybody is told to come again, in time; nobody afterwards waits at all", async () => {
    const { directory } = directoryOn(...servers);
    await directory.secretOf("u00001", "sip.example");
    await Promise.all(servers.map((server) => server.freeze()));
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => directory.secretOf(uidOf(index), "sip.example")),
    );
    expect(answers).toEqual(answers.map(() => ({ kind: "unavailable", retryAfter: 1 })));
    const before = process.hrtime.bigint();
    expect(await directory.secretOf("u00002", "sip.example")).toMatchObject({ kind: "unavailable" });
    expect(Number(process.hrtime.bigint() - before) / 1e6).toBeLessThan(LIMITS.queryMs);
    for (const server of servers) server.signal("SIGCONT");
    await eventually(
      "return",
      async () => (await directory.secretOf("u00002", "sip.example")).kind === "found",
    );
  }, 30_000);

  test("a changed password is there after one wrong digest", async () => {
    const [first] = servers as [Slapd, Slapd];
    const { directory } = makeDirectory([ldapOptions([first.url], { bind: GATEWAY })], {
      cache: { freshEveryMs: 1 },
    });
    await directory.secretOf("u00001", "sip.example");
    const admin = new Client({ url: first.url });
    await admin.bind(ADMIN.dn, ADMIN.password);
    const changed = digest("md5", "u00001", "another password");
    await admin.modify(`uid=u00001,${PEOPLE}`, [replace("sipDigestMd5", `sip.example:${changed}`)]);
    await admin.unbind();
    expect(directory.secretOf("u00001", "sip.example")).toMatchObject({ value: { ha1: { MD5: md5Of(1) } } });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await directory.secretOf("u00001", "sip.example", true)).toMatchObject({
      value: { ha1: { MD5: changed } },
    });
  });
});

function replace(type: string, value: string): Change {
  return new Change({ operation: "replace", modification: new Attribute({ type, values: [value] }) });
}

/** Every octet as %HH. */
function percent(text: string): string {
  return [...Buffer.from(text)].map((octet) => `%${octet.toString(16).padStart(2, "0")}`).join("");
}
