/**
 * Everyone is who they say: people of a real slapd sign in from real phones with the digest that LDAP holds, straight at the
 * gateway and through a Kamailio, and meet people on XMPP under one address each. RFC 3261 §10, §22; RFC 3327; RFC 3856.
 * @jest-environment ./test/support/environment.ts
 */

import { Client } from "ldapts";
import { type Baresip, startBaresip } from "../support/baresip";
import { type Certificates, makeCertificates } from "../support/certificates";
import {
  type LibraryPhone,
  type LibraryPhoneOptions,
  type Shown,
  startFinch,
  startLinphonePhone,
  startPurplePhone,
} from "../support/library-phone";
import { type Linphone, startLinphone } from "../support/linphone";
import { freePort, holdAddress } from "../support/ports";
import { PresencePhone } from "../support/presence-phone";
import { eventually, temporaryFolder } from "../support/processes";
import { needs } from "../support/requires";
import { SipPeer } from "../support/sip-peer";
import { GATEWAY, md5Of, PEOPLE, passwordOf, READER, type Slapd, startSlapd, uidOf } from "../support/slapd";
import type { PresenceState, XmppClient } from "../support/slixmpp";
import {
  CHATS,
  JULIET,
  JULIET_LDIF,
  PARTNER,
  PHONES,
  startUniversity,
  storedOctets,
  type University,
} from "../support/university";
import { XMPP_SERVERS } from "../support/xmpp-server";

jest.setTimeout(60_000);

const TEXT = "Ἰουλία, 你好 🌹 <&>";
/** Numbers of the generated people. Everybody on SIP has a JID of his own on XMPP, too, in this directory. */
const ROMEO = 1;
const TYBALT = 3;
const MERCUTIO = 4;
const BENVOLIO = 5;
const NURSE = 7;
/** The one in a hundred who may not use the service. */
const BANISHED = 99;
const WAYS = ["gateway", "proxy"] as const;
const KINDS = ["baresip", "linphone", "pidgin", "finch"] as const;
const CASES = WAYS.flatMap((way, at) =>
  KINDS.map((kind, index) => ({ way, kind, number: 20 + 10 * at + index })),
);

const aorOf = (index: number) => `${uidOf(index)}@${PHONES}`;
const aliasOf = (index: number) => `person.${index}@${PHONES}`;

type State = "online" | "busy" | "offline";

/** What each calls them. */
const BARESIP = { online: "Online", busy: "Busy", offline: "Offline" } as const;
const LINPHONE = { online: { state: "online" }, busy: { activity: "busy" }, offline: { state: "offline" } };
/** Shows only whether somebody is there. */
const LIBPURPLE = {
  online: { state: "available" },
  busy: { state: "available" },
  offline: { state: "offline" },
};

/** What a person holds in his hand. */
interface Phone {
  say(to: string, text: string): Promise<void>;
  /** Resolves when it shows a text from somebody. */
  reads(text: string, from: string): Promise<void>;
  /** Resolves when it shows a contact so, as far as it can tell the states from each other. */
  shows(uri: string, state: State): Promise<void>;
  /** Says something of its owner; absent where what it says does not come out. */
  be?(state: "online" | "offline"): Promise<void>;
  stop(): Promise<void>;
}

function baresipPhone(phone: Baresip): Phone {
  return {
    say: (to, text) => phone.message(to, text),
    reads: (text, from) =>
      phone.until(
        `${text} from ${from}`,
        (log) => log.includes(`From: <${from}>`) && phone.received().some((one) => one.includes(text)),
      ),
    shows: (uri, state) => phone.untilShows(uri, BARESIP[state], 20_000),
    stop: () => phone.stop(),
  };
}

/** @param onScreen what it makes of a text */
function libraryPhone(
  phone: LibraryPhone,
  shown: Readonly<Record<State, Partial<Shown>>>,
  onScreen = (text: string) => text,
): Phone {
  return {
    say: async (to, text) => phone.say(to, text),
    reads: (text, from) =>
      phone.until(`${text} from ${from}`, () =>
        phone.received.some((one) => one.uri === from && unescaped(one.text).includes(onScreen(text))),
      ),
    shows: (uri, state) => phone.untilShows(uri, shown[state], 20_000),
    be: (state) => phone.be(state),
    stop: () => phone.stop(),
  };
}

/** It takes texts for HTML, so that what looks like a tag is gone; what it says of its owner is not driven here. */
function finchPhone(phone: LibraryPhone): Phone {
  const { be: _, ...rest } = libraryPhone(phone, LIBPURPLE, (text) => text.replaceAll(/<[^>]*>/g, ""));
  return rest;
}

/** Pidgin keeps texts as HTML. */
function unescaped(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

const START = {
  baresip: async ({ contacts = [], ...options }: LibraryPhoneOptions) =>
    baresipPhone(await startBaresip({ ...options, contacts, register: true, presence: true })),
  linphone: async (options: LibraryPhoneOptions) => libraryPhone(await startLinphonePhone(options), LINPHONE),
  pidgin: async (options: LibraryPhoneOptions) => libraryPhone(await startPurplePhone(options), LIBPURPLE),
  finch: async (options: LibraryPhoneOptions) => finchPhone(await startFinch(options)),
} as const;

needs(
  [
    "slapd",
    "openssl",
    "prosody",
    "ejabberd",
    "python3-slixmpp",
    "kamailio",
    "baresip",
    "linphone-cli",
    "libpurple0",
    "finch",
  ],
  "people in LDAP",
  () => {
    let slapd: Slapd;
    let certificates: Certificates<"slapd">;

    beforeAll(async () => {
      const address = await holdAddress();
      certificates = makeCertificates(temporaryFolder("people-tls"), { slapd: { ips: [address] } });
      slapd = await startSlapd({
        people: 10_000,
        ldif: JULIET_LDIF,
        tls: certificates.of.slapd,
        address,
        lines: "security ssf=128", // nothing is said in clear
      });
    });
    afterAll(() => slapd?.stop());

    describe("the digests", () => {
      async function digestsReadBy(
        account: { dn: string; password: string } | undefined,
        url = slapd.tlsUrl,
      ): Promise<unknown> {
        const tls = url === slapd.tlsUrl ? { tlsOptions: { ca: [certificates.ca] } } : {};
        const client = new Client({ url, ...tls });
        try {
          if (account !== undefined) await client.bind(account.dn, account.password);
          const { searchEntries } = await client.search(PEOPLE, {
            filter: `(uid=${uidOf(1)})`,
            attributes: ["uid", "sipDigestMd5", "sipDigestSha256"],
          });
          return searchEntries.map(({ uid, sipDigestMd5: md5 }) => ({ uid, md5 }));
        } catch (error) {
          return (error as Error).name;
        } finally {
          await client.unbind();
        }
      }

      test("can be read by the gateway's own account", async () => {
        expect(await digestsReadBy(GATEWAY)).toEqual([{ uid: uidOf(1), md5: `${PHONES}:${md5Of(1)}` }]);
      });

      test("but not without TLS", async () => {
        expect(await digestsReadBy(GATEWAY, slapd.url)).toMatch(/ConfidentialityRequired/);
      });

      test("and by nobody else: not another account, not nobody, not a stranger", async () => {
        expect(await digestsReadBy(READER)).toEqual([{ uid: uidOf(1), md5: [] }]);
        expect(await digestsReadBy(undefined)).toMatch(/NoSuchObject|InsufficientAccess/);
        expect(await digestsReadBy({ ...GATEWAY, password: "a guess" })).toMatch(/InvalidCredentials/);
        expect(await digestsReadBy({ dn: `uid=${uidOf(1)},${PEOPLE}`, password: passwordOf(1) })).toMatch(
          /InvalidCredentials/,
        );
      });
    });

    describe.each(XMPP_SERVERS)("%s", (server, start) => {
      let university: University;
      let juliet: XmppClient;
      const phones = new Map<string, Phone>();
      let romeo: Linphone;

      beforeAll(async () => {
        university = await startUniversity({
          server: start,
          users: ["juliet", uidOf(NURSE)],
          slapd,
          certificates,
          secrecy: server === "prosody" ? "ldaps" : "StartTLS",
        });
        juliet = await university.client("juliet", "balcony");
        await juliet.roster(); // who has not asked for it hears nothing of subscriptions (RFC 6121 §2.2)
        const ringing = CASES.map(async ({ way, kind, number }) => {
          const phone = await START[kind]({
            aor: aorOf(number),
            password: passwordOf(number),
            proxy: university.at[way],
            contacts: [JULIET.alias],
          });
          phones.set(`${way} ${kind}`, phone);
        });
        await Promise.all(ringing);
        romeo = await startLinphone({
          aor: aorOf(ROMEO),
          password: passwordOf(ROMEO),
          proxy: university.at.gateway,
          register: true,
        });
      });

      afterAll(async () => {
        await Promise.all([...phones.values(), romeo].map((phone) => phone?.stop()));
        await university?.stop();
      });

      const isOpen = (all: readonly PresenceState[]) => all.some(({ available }) => available);
      const isClosed = (all: readonly PresenceState[]) => all.every(({ available }) => !available);

      describe.each(CASES)("$kind at the $way", ({ way, kind, number }) => {
        const own = aorOf(number);
        let phone: Phone;
        beforeAll(() => {
          phone = phones.get(`${way} ${kind}`) as Phone;
        });

        test("writes to an alias and is written to by one, and each sees one address", async () => {
          await phone.say(JULIET.alias, `${TEXT} ${number}`);
          const message = await juliet.nextMessage();
          expect(bare(message.from)).toBe(own);
          expect(unescaped(message.body ?? "")).toContain(`${TEXT} ${number}`);
          juliet.message({ to: aliasOf(number), body: `${TEXT} to ${number}` });
          await phone.reads(`${TEXT} to ${number}`, JULIET.uri);
        });

        test("watches an alias, is seen under its one address, and both change", async () => {
          await juliet.nextPresence("subscribe", own, 30_000);
          juliet.subscription("subscribed", own);
          await phone.shows(JULIET.alias, "online");
          juliet.subscription("subscribe", own);
          await juliet.nextPresence("subscribed", own);
          await juliet.untilSees(own, "online", isOpen);
          juliet.presence({ type: "unavailable", to: own });
          await phone.shows(JULIET.alias, "offline");
          juliet.presence({ show: "dnd", to: own });
          await phone.shows(JULIET.alias, "busy");
          juliet.presence({ to: own });
          await phone.shows(JULIET.alias, "online");
          // baresip 1.0 publishes twice before it has an answer and forgets the first.
          if (phone.be === undefined) return;
          await phone.be("offline");
          await juliet.untilSees(own, "offline", isClosed);
          await phone.be("online");
          await juliet.untilSees(own, "online", isOpen);
        });
      });

      test("all of them are registered, by what slapd says", async () => {
        await eventually(
          "registrations",
          async () => (await university.gateway.counter("registrar.registered")) > CASES.length,
        );
        expect(await university.gateway.counter("directory.ldap.queries")).toBeGreaterThan(CASES.length);
        expect(await university.gateway.counter("directory.ldap.failures")).toBe(0);
      });

      test("linphonec at the gateway signs in, writes and is written to", async () => {
        romeo.message(JULIET.alias, TEXT);
        expect(await juliet.nextMessage()).toMatchObject({ body: TEXT, from: aorOf(ROMEO) });
        juliet.message({ to: aliasOf(ROMEO), body: `${TEXT}!` });
        await romeo.until("message", (log) => log.includes(`${TEXT}!`) && log.includes(`<${JULIET.uri}>`));
      });

      test("two phones write to each other through the proxy and past it, by alias and by number", async () => {
        const [here, there] = CASES.filter(({ kind }) => kind === "linphone");
        const [one, other] = WAYS.map((way) => phones.get(`${way} linphone`) as Phone);
        await one?.say(`sip:${aliasOf(there?.number ?? 0)}`, "a plague");
        await other?.reads("a plague", `sip:${aorOf(here?.number ?? 0)}`);
        await other?.say(`sip:+39045${uidOf(here?.number ?? 0).slice(1)}@${PHONES}`, "on both your houses");
        await one?.reads("on both your houses", `sip:${aorOf(there?.number ?? 0)}`);
      });

      test("whoever has a phone and an account is reached, and seen, where she is", async () => {
        const nurse = await university.client(uidOf(NURSE));
        const { number } = CASES[1] as (typeof CASES)[number];
        const phone = phones.get("gateway linphone") as Phone;
        const onSip = `sip:${uidOf(NURSE)}@${CHATS}`;
        nurse.message({ to: `+39045${uidOf(number).slice(1)}@${PHONES}`, body: "Anon" });
        await phone.reads("Anon", onSip);
        await phone.say(onSip, "Nurse?");
        expect(await nurse.nextMessage()).toMatchObject({ body: "Nurse?" });
      });

      test("a subscription to an alias is answered by the one address", async () => {
        const alias = aliasOf(ROMEO);
        juliet.subscription("subscribe", alias);
        const answer = await juliet.nextPresence("error", alias);
        expect(answer.error?.condition).toBe("redirect");
        expect(answer.xml).toContain(`xmpp:${aorOf(ROMEO)}<`);
        await juliet.nextPresence("unsubscribed", alias);
        expect((await juliet.roster())[alias]?.asked ?? false).toBe(false);
      });

      describe.each(WAYS)("at the %s is refused", (way) => {
        const refused = async (
          options: { aor: string; username?: string; password: string },
          answer: string,
        ): Promise<void> => {
          const phone = await startBaresip({
            ...options,
            proxy: university.at[way],
            contacts: [],
            register: true,
          });
          await phone.until(answer, (log) => log.includes(answer));
          await phone.stop();
          const id = juliet.message({ to: options.aor, body: "?" });
          expect((await juliet.nextError(id)).type).toBe("error");
        };

        test("a phone with a wrong password", () =>
          refused({ aor: aorOf(TYBALT), password: "a guess" }, "401 Unauthorized"));

        test("a person without the service", () =>
          refused(
            { aor: aorOf(BANISHED), password: passwordOf(BANISHED) },
            "403 This User May Not Use The Service",
          ));

        test("whoever registers for another, and writes, watches or publishes as one", async () => {
          const credentials = { username: uidOf(TYBALT), password: passwordOf(TYBALT) };
          await refused({ aor: aorOf(MERCUTIO), ...credentials }, "403 Credentials Are For Another User");
          const phone = await phoneOf(`sip:${aorOf(MERCUTIO)}`, credentials);
          expect((await phone.say(JULIET.uri, "I am Mercutio")).status).toBe(403);
          expect((await phone.subscribe(JULIET.uri)).outcome.status).toBe(403);
          expect((await phone.publish("<presence/>")).status).toBe(403);
          await phone.close();
        });

        test("whoever signs nothing, whatever is asserted for him", async () => {
          const stranger = await SipPeer.open(await place());
          const { address, port } = university.at[way];
          const headers = [`P-Asserted-Identity: <sip:${aorOf(MERCUTIO)}>`];
          const request = { to: JULIET.uri, from: `sip:${aorOf(MERCUTIO)}`, body: "Mercutio again", headers };
          const end = await stranger.send(request, { transport: "udp", address, port });
          expect(end.status).toBe(401);
          await stranger.close();
        });

        afterAll(async () => {
          await juliet.settle();
          expect(juliet.stanzas.filter(({ body, type }) => body !== undefined && type !== "error")).toEqual(
            [],
          );
        });

        async function phoneOf(
          uri: string,
          credentials: { username: string; password: string },
        ): Promise<PresencePhone> {
          return PresencePhone.open({ uri, ...(await place()), gateway: university.at[way], credentials });
        }
      });

      test("whoever signs may call himself by an alias, and is seen under the one address", async () => {
        const phone = await PresencePhone.open({
          uri: `sip:${aliasOf(MERCUTIO)}`,
          ...(await place()),
          gateway: university.at.proxy,
          credentials: { username: uidOf(MERCUTIO), password: passwordOf(MERCUTIO) },
        });
        expect((await phone.say(JULIET.uri, "a scratch")).status).toBeLessThan(300);
        expect(await juliet.nextMessage()).toMatchObject({ body: "a scratch", from: aorOf(MERCUTIO) });
        await phone.close();
      });

      test("whoever signs in under an alias is registered for the one address", async () => {
        const phone = await startBaresip({
          aor: aliasOf(BENVOLIO),
          username: uidOf(BENVOLIO),
          password: passwordOf(BENVOLIO),
          proxy: university.at.proxy,
          contacts: [JULIET.uri],
          register: true,
        });
        await phone.until("registration", (log) => log.includes("200 OK"));
        juliet.message({ to: aorOf(BENVOLIO), body: "part, fools" });
        await phone.until("message", () => phone.received().some((text) => text.includes("part, fools")));
        await phone.message(JULIET.uri, "put up your swords");
        expect(await juliet.nextMessage()).toMatchObject({
          body: "put up your swords",
          from: aorOf(BENVOLIO),
        });
        await phone.stop();
      });

      test("a trusted neighbour speaks for the domain that it is trusted for, and not for the phones", async () => {
        const neighbour = await SipPeer.open(university.neighbour);
        const target = { transport: "udp", ...university.at.gateway } as const;
        const say = (from: string) =>
          neighbour.send({ to: JULIET.uri, from, body: "from over there" }, target);
        expect((await say(`sip:paris@${PARTNER}`)).status).toBe(202);
        expect((await juliet.nextMessage()).from).toBe(`paris@${PARTNER}`);
        expect((await say(`sip:${aorOf(ROMEO)}`)).status).toBe(403);
        await neighbour.close();
      });

      test("phones that leave are gone, whatever they have published", async () => {
        await Promise.all([...phones.values()].map((phone) => phone.stop()));
        for (const { number } of CASES) {
          await juliet.untilSees(aorOf(number), "no more", isClosed);
          const id = juliet.message({ to: aliasOf(number), body: "?" });
          expect((await juliet.nextError(id)).error?.condition).toBe("recipient-unavailable");
        }
      });

      test("no digest of anybody stands in the database or the log", async () => {
        const places = `${storedOctets(university).toString("latin1")}${university.gateway.log()}`;
        expect(places).toContain(uidOf(ROMEO));
        for (const index of [ROMEO, TYBALT, ...CASES.map(({ number }) => number)]) {
          expect(places).not.toContain(md5Of(index));
          expect(places).not.toContain(passwordOf(index));
        }
      });
    });
  },
);

async function place(): Promise<{ address: string; port: number }> {
  const address = await holdAddress();
  return { address, port: await freePort(address) };
}

function bare(jid: string): string {
  return jid.split("/", 1)[0] ?? jid;
}
