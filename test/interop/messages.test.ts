/**
 * Messages both ways between real SIP programs and a slixmpp client, straight and through Kamailio, by UDP, TCP and TLS.
 * RFC 7572, RFC 3428.
 * @jest-environment ./test/support/environment.ts
 */

import { type Baresip, startBaresip } from "../support/baresip";
import { freePort, holdAddress } from "../support/ports";
import { needs } from "../support/requires";
import { header } from "../support/sip-peer";
import { messageScenario, runSipp, type SippUas, startSippUas } from "../support/sipp";
import { runSipsak } from "../support/sipsak";
import type { XmppClient } from "../support/slixmpp";
import {
  phoneDomain,
  proxiedDomain,
  startWorld,
  TRANSPORTS,
  type World,
  XMPP_DOMAIN,
} from "../support/world";
import { XMPP_SERVERS } from "../support/xmpp-server";

jest.setTimeout(60_000);

const TEXT = "Ἰουλία, سلام, 你好 🌹 <&> \"quoted\" 'too'";
const WAYS = ["direct", "through Kamailio"] as const;
const PACKAGES = ["python3-slixmpp", "kamailio", "sip-tester", "sipsak", "baresip", "openssl"] as const;

describe.each(XMPP_SERVERS)("beside %s", (kind, server) => {
  needs([kind, ...PACKAGES], "messages", () => {
    let world: World;
    let juliet: XmppClient;
    let baresips: Readonly<Record<string, Baresip>>;
    let uases: Readonly<Record<string, SippUas>>;

    beforeAll(async () => {
      const phones = await Promise.all(TRANSPORTS.map(async (t) => [t, await reserve()] as const));
      const sinks = await Promise.all(
        (["udp", "tcp"] as const).map(async (t) => [t, await reserve()] as const),
      );
      world = await startWorld({
        server,
        users: ["juliet"],
        kamailio: true,
        phoneAddresses: phones.map(([, { address }]) => address),
        domains: Object.fromEntries([
          ...phones.map(([t, at]) => [
            `${t}.baresip.test`,
            `sip:${at.address}:${t === "tls" ? at.port + 1 : at.port};transport=${t}`,
          ]),
          ...sinks.map(([t, at]) => [`${t}.sipp.test`, `sip:${at.address}:${at.port};transport=${t}`]),
        ]),
      });
      juliet = await world.client("juliet");
      const { certificate, key } = world.certificates.of.phone;
      baresips = Object.fromEntries(
        await Promise.all(
          phones.map(async ([transport, at]) => [
            transport,
            await startBaresip({
              ...at,
              aor: `romeo@${transport}.baresip.test`,
              contacts: [`sip:juliet@${XMPP_DOMAIN}`],
              proxy: world.at[transport],
              tls: { certificateAndKey: certificate + key, caFile: world.certificates.caFile },
            }),
          ]),
        ),
      );
      uases = Object.fromEntries(
        await Promise.all(
          sinks.map(async ([transport, at]) => [transport, await startSippUas({ ...at, transport })]),
        ),
      );
    });

    afterAll(async () => {
      await Promise.all([...Object.values(baresips), ...Object.values(uases)].map((one) => one.stop()));
      await world.stop();
    });

    afterEach(async () => {
      await juliet.settle();
      expect(juliet.stanzas.filter(({ name }) => name === "message")).toEqual([]); // each came once
    });

    describe.each(WAYS)("%s", (way) => {
      test.each(["udp", "tcp"] as const)("SIPp writes by %s", async (transport) => {
        const { address, port } = (way === "direct" ? world.at : world.through)[transport];
        const scenario = messageScenario({
          to: `sip:juliet@${XMPP_DOMAIN}`,
          from: `sip:romeo@${phoneDomain(transport)}`,
          body: TEXT,
        });
        const result = await runSipp({ scenario, target: { address, port }, transport, calls: 5, rate: 100 });
        expect(result).toMatchObject({ successful: 5, failed: 0 });
        expect(result.statuses).toEqual(new Map([[202, 5]]));
        for (let call = 0; call < 5; call++) {
          expect(await juliet.nextMessage()).toMatchObject({
            from: `romeo@${phoneDomain(transport)}`,
            type: "chat",
            body: TEXT,
          });
        }
      });

      test.each(["udp", "tcp"] as const)("sipsak writes by %s", async (transport) => {
        const target = (way === "direct" ? world.at : world.through)[transport];
        const to = `sip:juliet@${XMPP_DOMAIN}`;
        const from = `sip:mercutio@${phoneDomain(transport)}`;
        const result = await runSipsak({ to, from, body: TEXT, target, transport });
        expect(result).toMatchObject({ status: 202, exitCode: 0 });
        expect(await juliet.nextMessage()).toMatchObject({
          from: `mercutio@${phoneDomain(transport)}`,
          body: TEXT,
        });
      });

      test.each(TRANSPORTS)("baresip writes by %s", async (transport) => {
        const baresip = way === "direct" ? baresips[transport] : await behindProxy(world, transport);
        await baresip?.message(`sip:juliet@${XMPP_DOMAIN}`, TEXT);
        expect(await juliet.nextMessage()).toMatchObject({
          from: `romeo@${transport}.baresip.test`,
          body: TEXT,
        });
        if (way !== "direct") {
          await baresip?.stop();
        }
      });

      test.each(TRANSPORTS)("a neighbour writes by %s and is answered there", async (transport) => {
        const target = (way === "direct" ? world.at : world.through)[transport];
        const from = `sip:benvolio@${phoneDomain(transport)}`;
        const end = await world.phone.send({ to: `sip:juliet@${XMPP_DOMAIN}`, from, body: TEXT }, target);
        expect(end.status).toBe(202);
        expect((await juliet.nextMessage()).body).toBe(TEXT);
      });

      test.each(TRANSPORTS)("juliet writes to a neighbour by %s", async (transport) => {
        const domain = (way === "direct" ? phoneDomain : proxiedDomain)(transport);
        juliet.message({ to: `benvolio@${domain}`, body: TEXT });
        const request = await world.phone.next();
        expect(request).toMatchObject({ transport, startLine: `MESSAGE sip:benvolio@${domain} SIP/2.0` });
        expect(request.body.toString()).toBe(TEXT);
        expect(header(request, "From")).toMatch(new RegExp(`^<sip:juliet@${XMPP_DOMAIN};gr=test>;tag=`));
      });
    });

    test.each(["udp", "tcp"] as const)("juliet writes to SIPp by %s", async (transport) => {
      juliet.message({ to: `romeo@${transport}.sipp.test`, body: TEXT });
      expect((await uases[transport]?.received(1))?.map(String)).toEqual([TEXT]);
    });

    test.each(TRANSPORTS)("juliet writes to baresip by %s", async (transport) => {
      const baresip = baresips[transport] as Baresip;
      juliet.message({ to: `romeo@${transport}.baresip.test`, body: TEXT });
      await baresip.until("message", () => baresip.received().length > 0);
      expect(baresip.received()).toEqual([TEXT]);
    });
  });
});

async function behindProxy(world: World, transport: (typeof TRANSPORTS)[number]): Promise<Baresip> {
  const { certificate, key } = world.certificates.of.phone;
  return startBaresip({
    aor: `romeo@${transport}.baresip.test`,
    contacts: [`sip:juliet@${XMPP_DOMAIN}`],
    proxy: world.through[transport],
    tls: { certificateAndKey: certificate + key, caFile: world.certificates.caFile },
  });
}

async function reserve(): Promise<{ readonly address: string; readonly port: number }> {
  const address = await holdAddress();
  return { address, port: await freePort(address) };
}
