/**
 * Texts of 1 to 20,000 characters in several scripts cross once and octet for octet, both ways, by every transport.
 * RFC 7572 §4 to §6, RFC 3261 §18.1.1; bug 3 of the peers before us (a long text was sent again for each of its parts).
 * @jest-environment ./test/support/environment.ts
 */

import { freePort, holdAddress } from "../support/ports";
import { needs } from "../support/requires";
import type { SipTransport } from "../support/sip-peer";
import { messageScenario, runSipp, type SippUas, startSippUas } from "../support/sipp";
import type { XmppClient } from "../support/slixmpp";
import { phoneDomain, startWorld, TRANSPORTS, type World, XMPP_DOMAIN } from "../support/world";
import { XMPP_SERVERS } from "../support/xmpp-server";

jest.setTimeout(60_000);

// Pieces without a line end, so that no tool changes them, and with what XML and SIP have to escape.
const SCRIPTS = {
  ASCII: 'The quick <b>brown</b> fox & co; 100% "of" it\'s \\ fun. ',
  Greek: "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία, ἄνδρα μοι ἔννεπε. ",
  Arabic: "نص حكيم له سر قاطع وذو شأن عظيم، مكتوب على ثوب أخضر. ",
  CJK: "天地玄黃宇宙洪荒日月盈昃辰宿列張いろはにほへと다람쥐",
  emoji: "🌹👩‍👩‍👧‍👦🇬🇷🧑🏽‍🚀𝄞𠜎",
} as const;
const LENGTHS = [1, 2, 139, 500, 1_300, 2_500, 20_000];
/** The largest body that fits into one datagram beside the headers. */
const LARGEST_DATAGRAM_BODY = 64_000;
/** RFC 3261 §18.1.1, RFC 3428 §8. */
const LARGEST_BY_UDP = 1_300;

const TEXTS = Object.entries(SCRIPTS).flatMap(([script, piece]) =>
  LENGTHS.map((length) => [script, length, textOf(piece, length)] as const),
);

describe.each(XMPP_SERVERS)("beside %s", (kind, server) => {
  needs([kind, "python3-slixmpp", "sip-tester", "openssl"], "texts", () => {
    let world: World;
    let juliet: XmppClient;
    let uas: SippUas;

    beforeAll(async () => {
      const address = await holdAddress();
      const port = await freePort(address);
      world = await startWorld({
        server,
        users: ["juliet"],
        domains: { "sipp.test": `sip:${address}:${port}` },
      });
      juliet = await world.client("juliet");
      uas = await startSippUas({ address, port });
    });

    afterAll(async () => {
      await uas.stop();
      await world.stop();
    });

    afterEach(async () => {
      await juliet.settle();
      expect(juliet.stanzas.filter(({ name }) => name === "message")).toEqual([]);
      expect(world.phone.requests).toEqual([]);
    });

    test.each(TRANSPORTS)("from SIP by %s", async (transport) => {
      for (const [, , text] of textsFor(transport)) {
        const from = `sip:romeo@${phoneDomain(transport)}`;
        const end = await world.phone.send(
          { to: `sip:juliet@${XMPP_DOMAIN}`, from, body: text },
          world.at[transport],
        );
        expect(end.status).toBe(202);
        expect((await juliet.nextMessage()).body).toBe(text);
      }
    });

    test.each(TRANSPORTS)("to SIP by %s, and what is too large for UDP by TCP", async (transport) => {
      for (const [script, length, text] of TEXTS) {
        juliet.message({ to: `romeo@${phoneDomain(transport)}`, body: text });
        const request = await world.phone.next();
        expect([script, length, request.body.equals(Buffer.from(text))]).toEqual([script, length, true]);
        const large = transport === "udp" && request.size > LARGEST_BY_UDP;
        expect(request.transport).toBe(large ? "tcp" : transport);
      }
      expect([...world.phone.copies.values()].every((copies) => copies === 1)).toBe(true);
    });

    test("by UDP to SIPp, which takes no TCP", async () => {
      const texts = textsFor("udp").map(([, , text]) => text);
      const before = uas.bodies().length;
      for (const text of texts) {
        const at = uas.bodies().length;
        juliet.message({ to: "romeo@sipp.test", body: text });
        expect((await uas.received(at + 1))[at]?.toString()).toBe(text);
      }
      expect(uas.bodies().length - before).toBe(texts.length);
    });

    // SIPp's own buffer ends at 64 KiB; square brackets are its keywords.
    test.each(["udp", "tcp"] as const)("from SIPp by %s", async (transport) => {
      for (const [, , text] of textsFor("udp").filter(([, length]) => length === 1 || length >= 2_500)) {
        const scenario = messageScenario({
          to: `sip:juliet@${XMPP_DOMAIN}`,
          from: `sip:romeo@${phoneDomain(transport)}`,
          body: text,
        });
        const result = await runSipp({ scenario, target: world.at[transport], transport });
        expect(result).toMatchObject({ successful: 1, failed: 0 });
        expect((await juliet.nextMessage()).body).toBe(text);
      }
    });

    test("white space, line ends and characters at the edges of UTF-8 stay as they are", async () => {
      const text =
        "  two spaces\n\n\ttab \u00a0 \u200f\u0301 \u07ff\u0800\uffef\u{10000}\u{10fffd} ]]> &amp; end  ";
      const from = `sip:romeo@${phoneDomain("udp")}`;
      const end = await world.phone.send({ to: `sip:juliet@${XMPP_DOMAIN}`, from, body: text }, world.at.udp);
      expect(end.status).toBe(202);
      expect((await juliet.nextMessage()).body).toBe(text);
      juliet.message({ to: `romeo@${phoneDomain("udp")}`, body: text });
      expect((await world.phone.next()).body.toString()).toBe(text);
    });
  });
});

function textsFor(transport: SipTransport) {
  return TEXTS.filter(
    ([, , text]) => transport !== "udp" || Buffer.byteLength(text) <= LARGEST_DATAGRAM_BODY,
  );
}

// Whole characters (code points), never half of a pair; no white space at the end, which no two tools treat alike.
function textOf(piece: string, length: number): string {
  const characters = [...piece.repeat(Math.ceil(length / [...piece].length))].slice(0, length);
  return characters.at(-1) === " " ? [...characters.slice(0, -1), "x"].join("") : characters.join("");
}
