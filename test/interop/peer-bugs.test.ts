/**
 * Bugs of the gateways before us, by their numbers, at the wire: 1, 15, 16, 17 and 18. (3 is in texts.test.ts, 4 in
 * errors.test.ts.)
 * @jest-environment ./test/support/environment.ts
 */

import { startGateway, untilReady } from "../support/gateway";
import { startHostileServer } from "../support/hostile-server";
import { freePort, holdAddress } from "../support/ports";
import { eventually } from "../support/processes";
import { needs } from "../support/requires";
import { header, type SipEnd, type WireMessage } from "../support/sip-peer";
import { escapeXml, type XmppClient } from "../support/slixmpp";
import { startWorld, type World, XMPP_DOMAIN } from "../support/world";
import { XMPP_SERVERS } from "../support/xmpp-server";
import { HOST, hostilePayloads, IQ_PAYLOADS, REFUSED, UNKNOWN, USERS } from "./peer-bug-tables";

jest.setTimeout(60_000);

const JULIET = `sip:juliet@${XMPP_DOMAIN}`;
const LARGEST_MEMORY = 400 * 2 ** 20;
const REFUSALS = [400, 414, 513];
const ERROR = "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
const IDN = { u: "bücher.test", a: "xn--bcher-kva.test" };

test("bug 1: no bytes from the XMPP server end the process, and the link comes up again", async () => {
  const address = await holdAddress();
  const [componentPort, sipPort] = [await freePort(address), await freePort(address)];
  const payloads = hostilePayloads();
  const server = await startHostileServer({ address, port: componentPort }, "sip.test", payloads);
  const gateway = await startGateway(
    {
      sip: { listen: [`udp:${address}:${sipPort}`], peers: [{ name: "nobody", proxy: `sip:${address}:9` }] },
      xmpp: {
        components: [{ host: "sip.test", server: `${address}:${componentPort}`, secret: "s" }],
        reconnect: { first: "10 ms", longest: "20 ms" },
      },
      domains: {
        sip: [{ sip: "sip.test", xmpp: "sip.test", peer: "nobody" }],
        xmpp: [{ xmpp: "x.test", sip: "x.test" }],
      },
    },
    { ready: false },
  );
  const { pid } = gateway;
  await eventually("every payload", () => server.served() === payloads.length, 30_000);
  await untilReady(gateway, true);
  expect(gateway.pid).toBe(pid);
  expect((await gateway.health())?.memory).toBeLessThan(LARGEST_MEMORY);
  expect(await gateway.stop()).toBe(0);
  await server.stop();
});

describe.each(XMPP_SERVERS)("beside %s", (kind, server) => {
  needs([kind, "python3-slixmpp", "openssl"], "peer bugs", () => {
    let world: World;
    let juliet: XmppClient;

    beforeAll(async () => {
      world = await startWorld({ server, users: ["juliet"], neighbourDomains: [IDN.u] });
      juliet = await world.client("juliet");
    });

    afterAll(() => world.stop());

    const write = (request: {
      from?: string;
      to?: string;
      body: string | Buffer;
      contentType?: string;
      headers?: string[];
    }): Promise<SipEnd> =>
      world.phone.send({ from: `sip:romeo@${HOST}`, to: JULIET, ...request }, world.at.tcp);

    const messages = async () => {
      await juliet.settle();
      return juliet.stanzas.splice(0).filter(({ name }) => name === "message");
    };

    test.each(REFUSED)(
      "bug 15: %s is refused with %s and not delivered",
      async (_what, status, contentType, body, headers) => {
        const end = await write({ contentType, body, headers: [...headers] });
        expect(end.status).toBe(status);
        if (status === 415) {
          const answer = end.answer as WireMessage;
          expect(header(answer, "Accept") ?? header(answer, "Accept-Encoding")).toBeDefined();
        }
        expect(await messages()).toEqual([]);
      },
    );

    test("bug 15: the kinds that Accept names are delivered", async () => {
      const end = await write({ contentType: "image/png", body: "\x89PNG" });
      const accept = header(end.answer as WireMessage, "Accept") ?? "";
      expect(accept.split(/\s*,\s*/)).toEqual(
        expect.arrayContaining(["text/plain", "text/html", "message/cpim"]),
      );
      expect(
        (await write({ contentType: "text/html;charset=utf-8", body: "<p>1 &lt; <b>2</b></p>" })).status,
      ).toBe(202);
      expect((await juliet.nextMessage()).body?.trim()).toBe("1 < 2");
    });

    test.each(["groupchat", "headline", "error"])("bug 16: type %s never becomes a MESSAGE", async (type) => {
      juliet.message({
        to: `romeo@${HOST}`,
        type,
        body: "not for phones",
        ...(type === "error" ? { extra: ERROR } : {}),
      });
      await marker(world, juliet);
      expect(world.phone.requests).toEqual([]);
    });

    test.each([
      ["an empty message", ""],
      ["a subject alone", "<subject>room</subject>"],
      ["an unknown child", "<x xmlns='urn:example'><body>inner</body></x>"],
      ["a body of another namespace", "<body xmlns='urn:example'>alien</body>"],
    ])("bug 16: %s never becomes a MESSAGE", async (_what, extra) => {
      juliet.message({ to: `romeo@${HOST}`, extra });
      await marker(world, juliet);
      expect(world.phone.requests).toEqual([]);
    });

    test("bug 16: chat and normal become a MESSAGE, once each", async () => {
      for (const type of ["chat", "normal"]) {
        juliet.message({ to: `romeo@${HOST}`, type, body: type });
        const request = await world.phone.next();
        expect([request.body.toString(), header(request, "Content-Type")?.split(";")[0]]).toEqual([
          type,
          "text/plain",
        ]);
      }
      await marker(world, juliet);
    });

    test("bug 16: of a CPIM message only the content is shown", async () => {
      const body = `From: <im:romeo@${HOST}>\r\nTo: <im:juliet@${XMPP_DOMAIN}>\r\nSubject: hush\r\n\r\nContent-Type: text/plain;charset=utf-8\r\nContent-ID: <1@x>\r\n\r\nonly this`;
      expect((await write({ contentType: "message/cpim", body })).status).toBe(202);
      const message = await juliet.nextMessage();
      expect(message.body).toBe("only this");
      expect(await messages()).toEqual([]);
    });

    test.each(USERS)("bug 17: user part %s comes back as it went", async (user, localpart) => {
      expect((await write({ from: `sip:${user}@${HOST}`, body: "who am I?" })).status).toBe(202);
      const message = await juliet.nextMessage();
      expect(message.from).toBe(`${localpart}@${HOST}`);
      juliet.message({ to: message.from, body: "you" });
      const request = await world.phone.next();
      expect(decodeURIComponent(userOf(request))).toBe(decodeURIComponent(user));
    });

    test("bug 17: what no localpart may hold is refused", async () => {
      for (const user of ["%F0%9F%8C%B9", "a%00b", "%FF", "a%0D%0Ab"]) {
        expect([user, (await write({ from: `sip:${user}@${HOST}`, body: "?" })).status]).toEqual([user, 400]);
      }
      expect(await messages()).toEqual([]);
    });

    test("bug 17: a user part of 1,023 octets passes, longer ones are refused with 414 or 400", async () => {
      const long = "r".repeat(1_023);
      expect((await write({ from: `sip:${long}@${HOST}`, body: "long" })).status).toBe(202);
      const message = await juliet.nextMessage();
      expect(message.from).toBe(`${long}@${HOST}`);
      juliet.message({ to: message.from, body: "back" });
      expect(userOf(await world.phone.next())).toBe(long);
      for (const length of [1_024, 10_000]) {
        const user = "r".repeat(length);
        expect(REFUSALS).toContain((await write({ from: `sip:${user}@${HOST}`, body: "too long" })).status);
        expect(REFUSALS).toContain(
          (await write({ to: `sip:${user}@${XMPP_DOMAIN}`, body: "too long" })).status,
        );
      }
      const emoji = encodeURIComponent("\u03b9".repeat(512)); // 1,024 octets of UTF-8
      expect(REFUSALS).toContain((await write({ from: `sip:${emoji}@${HOST}`, body: "too long" })).status);
      // Beyond what is read of a header nothing can be answered: the connection ends, and nothing is delivered.
      const request = { to: JULIET, from: `sip:${"r".repeat(65_535)}@${HOST}`, body: "too long" };
      expect([0, ...REFUSALS]).toContain((await world.phone.send(request, world.at.tcp)).status);
      expect(await messages()).toEqual([]);
    });

    test("bug 17: an internationalized domain keeps its labels on both sides", async () => {
      expect((await write({ from: `sip:romeo@${IDN.a}`, body: "Grüße" })).status).toBe(202);
      const message = await juliet.nextMessage();
      expect(message.from).toBe(`romeo@${IDN.u}`);
      juliet.message({ to: message.from, body: "zurück" });
      expect((await world.phone.next()).startLine).toBe(`MESSAGE sip:romeo@${IDN.a} SIP/2.0`);
    });

    test("bug 18: every get and set, to any address of ours, has exactly one answer", async () => {
      const asked = [];
      const recipients = [HOST, `romeo@${HOST}`, `romeo@${HOST}/phone`, `a\\20b@${HOST}`];
      for (const to of recipients) {
        for (const [at, payload] of IQ_PAYLOADS.entries()) {
          for (const type of ["get", "set"]) {
            const id = `bug18-${recipients.indexOf(to)}-${at}-${type}`;
            juliet.raw(`<iq type="${type}" id="${id}" to="${escapeXml(to)}">${payload}</iq>`);
            asked.push(id);
          }
        }
      }
      await eventually("all answers", () => juliet.stanzas.length >= asked.length, 10_000);
      await juliet.settle();
      const answers = juliet.stanzas.splice(0).filter(({ id }) => id.startsWith("bug18-"));
      expect(answers.map(({ id }) => id).sort()).toEqual(asked.sort());
      expect(answers.filter(({ type }) => type !== "result" && type !== "error")).toEqual([]);
      const condition = (id: string) => answers.find((answer) => answer.id === id)?.error?.condition;
      expect(condition(`bug18-0-${IQ_PAYLOADS.indexOf(UNKNOWN)}-get`)).toBe("service-unavailable");
      expect(answers.find(({ id }) => id === "bug18-0-0-get")?.type).toBe("result");
    });

    test("bug 18: disco, ping, version and time answer with substance", async () => {
      const info = await juliet.iq("get", HOST, IQ_PAYLOADS[0] ?? "");
      expect(info.xml).toMatch(/category="gateway"/);
      for (const payload of IQ_PAYLOADS.slice(0, 5)) {
        expect([payload, (await juliet.iq("get", HOST, payload)).type]).toEqual([payload, "result"]);
      }
    });
  });
});

/** A message that certainly crosses; whatever juliet sent before it has been dealt with when it is there. */
async function marker(world: World, juliet: XmppClient): Promise<void> {
  juliet.message({ to: `romeo@${HOST}`, body: "marker" });
  await world.phone.next(({ body }) => body.toString() === "marker", "marker");
}

function userOf(request: WireMessage): string {
  return /^MESSAGE sip:(.*)@/.exec(request.startLine)?.[1] ?? "";
}
