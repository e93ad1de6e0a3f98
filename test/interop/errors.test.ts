/**
 * Refusals both ways on the wire: a bounce is the answer to that very MESSAGE, a SIP failure is an error for that very stanza.
 * RFC 7247 §7, RFC 4320; bug 4 of the peers before us (failures of MESSAGE swallowed).
 * @jest-environment ./test/support/environment.ts
 */

import { type DnsServer, startDnsServer } from "../support/dns-server";
import { needs } from "../support/requires";
import { type SipAnswerOut, type SipEnd, SipPeer, type WireMessage } from "../support/sip-peer";
import { messageScenario, runSipp } from "../support/sipp";
import { runSipsak } from "../support/sipsak";
import type { XmppClient } from "../support/slixmpp";
import { phoneDomain, startWorld, TRANSPORTS, type World, XMPP_DOMAIN } from "../support/world";
import { XMPP_SERVERS } from "../support/xmpp-server";

jest.setTimeout(60_000);

const ROMEO = `sip:romeo@${phoneDomain("udp")}`;

/** RFC 7247 §7.2 with the corrections noted in mappings/errors.yaml, written out again: the table is what is tested. */
const FINAL: Readonly<Record<number, readonly [condition: string, type: string]>> = {
  300: ["redirect", "modify"],
  301: ["gone", "cancel"],
  302: ["redirect", "modify"],
  305: ["redirect", "modify"],
  380: ["not-acceptable", "modify"],
  400: ["bad-request", "modify"],
  401: ["not-authorized", "auth"],
  402: ["bad-request", "modify"],
  403: ["forbidden", "auth"],
  404: ["item-not-found", "cancel"],
  405: ["feature-not-implemented", "cancel"],
  406: ["not-acceptable", "modify"],
  407: ["registration-required", "auth"],
  408: ["remote-server-timeout", "wait"],
  409: ["bad-request", "modify"],
  410: ["gone", "cancel"],
  413: ["policy-violation", "modify"],
  414: ["policy-violation", "modify"],
  415: ["not-acceptable", "modify"],
  416: ["not-acceptable", "modify"],
  420: ["feature-not-implemented", "modify"],
  421: ["not-acceptable", "modify"],
  423: ["resource-constraint", "wait"],
  430: ["recipient-unavailable", "wait"],
  439: ["feature-not-implemented", "cancel"],
  440: ["policy-violation", "modify"],
  480: ["recipient-unavailable", "wait"],
  481: ["item-not-found", "cancel"],
  482: ["not-acceptable", "modify"],
  483: ["not-acceptable", "modify"],
  484: ["item-not-found", "cancel"],
  485: ["item-not-found", "cancel"],
  486: ["recipient-unavailable", "wait"],
  487: ["recipient-unavailable", "wait"],
  488: ["not-acceptable", "modify"],
  489: ["policy-violation", "modify"],
  491: ["unexpected-request", "wait"],
  493: ["bad-request", "modify"],
  494: ["bad-request", "modify"],
  500: ["internal-server-error", "cancel"],
  501: ["feature-not-implemented", "cancel"],
  502: ["remote-server-not-found", "cancel"],
  503: ["internal-server-error", "cancel"],
  504: ["remote-server-timeout", "wait"],
  505: ["not-acceptable", "modify"],
  513: ["policy-violation", "modify"],
  580: ["internal-server-error", "cancel"],
  600: ["recipient-unavailable", "wait"],
  603: ["recipient-unavailable", "wait"],
  604: ["item-not-found", "cancel"],
  606: ["not-acceptable", "modify"],
  699: ["recipient-unavailable", "wait"],
};

describe.each(XMPP_SERVERS)("beside %s", (kind, server) => {
  needs([kind, "python3-slixmpp", "sip-tester", "sipsak", "openssl"], "errors", () => {
    let world: World;
    let juliet: XmppClient;
    let dns: DnsServer;

    beforeAll(async () => {
      dns = await startDnsServer([]);
      world = await startWorld({
        server,
        users: ["juliet", "paris"],
        kamailio: false,
        xmppRules: [{ xmpp: "*", sip: "*", via: "route" }],
        // 64 T1 is how long an answer is waited for: short enough to wait for it here.
        sip: { timers: { t1: "50 ms" } },
        xmpp: { proofDeadline: "1500 ms" },
        serverOptions: { s2s: { dns: dns.address.replace(":", "@") } },
      });
      juliet = await world.client("juliet");
    });

    afterAll(async () => {
      await world.stop();
      await dns.stop();
    });

    beforeEach(() => {
      world.phone.answer = () => ({ status: 200 });
    });

    const write = (to: string, body = "hello"): Promise<SipEnd> =>
      world.phone.send({ to, from: ROMEO, body }, world.at.udp);

    describe("from XMPP to SIP", () => {
      test("nobody of that name: the answer to that MESSAGE, 403", async () => {
        expect((await write(`sip:nobody@${XMPP_DOMAIN}`)).status).toBe(403);
      });

      test("nobody of that name, told to SIPp and sipsak by UDP and TCP", async () => {
        const to = `sip:nobody@${XMPP_DOMAIN}`;
        for (const transport of ["udp", "tcp"] as const) {
          const target = world.at[transport];
          const scenario = messageScenario({ to, from: ROMEO, body: "hello", status: 403 });
          const sipp = await runSipp({ scenario, target, transport, calls: 3 });
          expect(sipp.statuses).toEqual(new Map([[403, 3]]));
          const sipsak = await runSipsak({ to, from: ROMEO, body: "hello", target, transport });
          expect(sipsak.status).toBe(403);
        }
      });

      test("blocked by XEP-0191: 403 to that one, 202 to the others and after the block", async () => {
        await juliet.block(`romeo@${phoneDomain("udp")}`);
        const to = `sip:juliet@${XMPP_DOMAIN}`;
        const [romeo, benvolio, again] = await Promise.all([
          write(to, "from romeo"),
          world.phone.send(
            { to, from: `sip:benvolio@${phoneDomain("udp")}`, body: "from benvolio" },
            world.at.udp,
          ),
          write(to, "from romeo again"),
        ]);
        expect([romeo.status, benvolio.status, again.status]).toEqual([403, 202, 403]);
        await juliet.unblock(`romeo@${phoneDomain("udp")}`);
        expect((await write(to, "after all")).status).toBe(202);
        expect((await juliet.nextMessage()).body).toBe("from benvolio");
        expect((await juliet.nextMessage()).body).toBe("after all");
      });

      test("no such domain: 404", async () => {
        expect((await write("sip:juliet@nowhere.test")).status).toBe(404);
      });

      test("a crowd: of 60 at once, every second one to nobody, each gets its own answer", async () => {
        const ends = await Promise.all(
          Array.from({ length: 60 }, (_, i) =>
            write(`sip:${i % 2 === 0 ? "juliet" : "nobody"}@${XMPP_DOMAIN}`, `${i}`),
          ),
        );
        expect(ends.map(({ status }) => status)).toEqual(ends.map((_, i) => (i % 2 === 0 ? 202 : 403)));
        const bodies = await Promise.all(Array.from({ length: 30 }, () => juliet.nextMessage()));
        expect(bodies.map(({ body }) => Number(body)).sort((a, b) => a - b)).toEqual(
          Array.from({ length: 30 }, (_, i) => 2 * i),
        );
      });
    });

    describe("from SIP to XMPP", () => {
      test("every final code (bug 4): one error with the same id, the condition and its type", async () => {
        world.phone.answer = statusInUser;
        const sent = Object.keys(FINAL).map(
          (status) => [status, juliet.message({ to: userFor(status), body: "x" })] as const,
        );
        for (const [status, id] of sent) {
          const error = await juliet.nextError(id);
          expect([status, error.from, error.error?.condition, error.error?.type]).toEqual([
            status,
            userFor(status),
            ...(FINAL[Number(status)] ?? []),
          ]);
        }
        await juliet.settle();
        expect(juliet.stanzas.filter(({ name }) => name === "message")).toEqual([]);
      });

      test("the Reason-Phrase becomes the text, Retry-After makes it wait", async () => {
        world.phone.answer = () => ({ status: 486, reason: "Im Gespräch", headers: ["Retry-After: 30"] });
        const error = (await juliet.nextError(juliet.message({ to: userFor("486"), body: "x" }))).error;
        expect(error).toMatchObject({
          condition: "recipient-unavailable",
          type: "wait",
          text: "Im Gespräch; retry after 30 s",
        });
        world.phone.answer = () => ({ status: 503, headers: ["Retry-After: 1"] });
        const busy = (await juliet.nextError(juliet.message({ to: userFor("503"), body: "x" }))).error;
        expect(busy).toMatchObject({ type: "wait" });
      });

      test("no answer at all, by any transport: remote-server-timeout", async () => {
        world.phone.answer = () => undefined;
        const ids = TRANSPORTS.map((transport) =>
          juliet.message({ to: `romeo@${phoneDomain(transport)}`, body: "x" }),
        );
        for (const id of ids) {
          expect((await juliet.nextError(id, 20_000)).error?.condition).toBe("remote-server-timeout");
        }
        world.phone.requests.length = 0;
      });

      test.each([200, 202])("%d is not an error", async (status) => {
        world.phone.answer = () => ({ status });
        juliet.message({ to: `romeo@${phoneDomain("tcp")}`, body: "fine" });
        await world.phone.next(({ body }) => body.toString() === "fine");
        await juliet.settle();
        expect(juliet.stanzas.filter(({ type }) => type === "error")).toEqual([]);
      });

      test("nobody listens there: an error with the same id, and the next message is delivered", async () => {
        await world.phone.close();
        const id = juliet.message({ to: `romeo@${phoneDomain("tcp")}`, body: "gone" });
        expect((await juliet.nextError(id, 20_000)).error?.condition).toBeDefined();
        const { address, port, options } = world.phone;
        const again = await SipPeer.open({ ...options, address, port });
        for (let attempt = 0; again.requests.length === 0 && attempt < 100; attempt++) {
          // A failed target is left alone for a while; until then each message gets its error.
          const next = juliet.message({ to: `romeo@${phoneDomain("tcp")}`, body: "back" });
          await Promise.race([again.next(({ body }) => body.toString() === "back"), juliet.nextError(next)]);
        }
        await again.close();
      });
    });
  });
});

const userFor = (status: string) => `status-${status}@${phoneDomain("tcp")}`;

function statusInUser(request: WireMessage): SipAnswerOut {
  return { status: Number(/status-(\d+)@/.exec(request.startLine)?.[1]) };
}
