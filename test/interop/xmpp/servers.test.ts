/**
 * The component link against real servers: connecting, the promise behind a 2xx, answers to IQs, restarts.
 * @jest-environment ./test/support/environment.ts
 */

import type { ProofOutcome } from "../../../src/core/input";
import { onFailure } from "../../support/failure";
import { needs } from "../../support/requires";
import { startXmppClient, type XmppClient } from "../../support/slixmpp";
import { XMPP_SERVERS, type XmppServer } from "../../support/xmpp-server";
import { chat, HOST, kinds, type Rig, SECRET, startSide } from "./rig";

jest.setTimeout(90_000);

describe.each(XMPP_SERVERS)("%s", (kind, start) => {
  needs([kind, "python3-slixmpp"], `component link to ${kind}`, () => {
    let server: XmppServer;
    let juliet: XmppClient;
    let rig: Rig;

    beforeAll(async () => {
      server = await start({
        domain: "xmpp.test",
        components: [{ host: HOST, secret: SECRET }],
        users: [{ name: "juliet", password: "p" }],
      });
      onFailure(() => JSON.stringify(rig?.lines, undefined, 1));
      juliet = await startXmppClient({
        jid: "juliet@xmpp.test",
        password: "p",
        host: server.address,
        port: server.c2sPort,
      });
      rig = startSide({ address: server.address, port: server.componentPort });
      expect(await rig.side.settled(10_000)).toBe(true);
    });

    afterAll(async () => {
      await rig?.side.stop();
      await juliet?.stop();
      await server?.stop();
    });

    test("connects with one line in the log, a secret outside ASCII and all (bug 1)", () => {
      expect(rig.side.isUp(HOST)).toBe(true);
      expect(rig.lines.map(({ event }) => event)).toEqual(["xmpp link up"]);
    });

    test("200 messages in one turn arrive in order and are all proven", async () => {
      const all = Array.from({ length: 200 }, (_, i) =>
        rig.side.prove(chat(`order-${i}`, "juliet@xmpp.test", `n${i}`)),
      );
      expect(kinds(await Promise.all(all))).toEqual({ proven: 200 });
      for (let i = 0; i < 200; i++) expect((await juliet.nextMessage()).body).toBe(`n${i}`);
    });

    test.each([
      ["no such user", "nobody@xmpp.test", "service-unavailable"],
      [
        "no such domain",
        "juliet@nowhere.invalid",
        kind === "prosody" ? "not-allowed" : "remote-server-not-found",
      ],
    ])("50 bounces are told before any proof: %s", async (name, to, condition) => {
      const outcomes = await proveFifty(rig, name, to);
      expect(kinds(outcomes)).toEqual({ bounced: 50 });
      expect(JSON.stringify(outcomes[49])).toContain(condition);
    });

    // The session's process bounces these on ejabberd, a moment after the first ping was answered.
    test("a sender whom the recipient blocked is told, alone and in a crowd", async () => {
      await juliet.block(`tybalt@${HOST}`);
      const outcomes = await proveFifty(rig, "blocked", "juliet@xmpp.test", `tybalt@${HOST}`);
      expect(kinds(outcomes)).toEqual({ bounced: 50 });
      for (let i = 0; i < 30; i++) {
        const one = await rig.side.prove(chat(`alone-${i}`, "juliet@xmpp.test", "?", `tybalt@${HOST}`));
        expect(one.kind).toBe("bounced");
      }
    });

    test("good and bad are told apart within one batch", async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 40 }, (_, i) =>
          rig.side.prove(chat(`mixed-${i}`, i % 2 === 0 ? "juliet@xmpp.test" : "nobody@xmpp.test", `m${i}`)),
        ),
      );
      expect(outcomes.map((outcome) => outcome.kind)).toEqual(
        outcomes.map((_, i) => (i % 2 === 0 ? "proven" : "bounced")),
      );
      for (let i = 0; i < 40; i += 2) expect((await juliet.nextMessage()).body).toBe(`m${i}`);
    });

    test("a message of hers reaches us with its namespaces", async () => {
      const id = juliet.message({
        to: `romeo@${HOST}/phone`,
        body: "soft <&> 😀",
        chatState: "active",
        receipt: true,
      });
      await juliet.settle();
      await rig.side.prove(chat("flush", "juliet@xmpp.test", "after"));
      await juliet.nextMessage();
      const stanza = rig.messages.find((message) => message.attrs.id === id);
      expect(stanza).toMatchObject({
        name: "message",
        ns: "jabber:client",
        attrs: { to: `romeo@${HOST}/phone`, type: "chat" },
      });
      expect(stanza?.children).toContainEqual({
        name: "body",
        ns: "jabber:client",
        attrs: {},
        children: ["soft <&> 😀"],
      });
      expect(stanza?.children).toContainEqual({
        name: "request",
        ns: "urn:xmpp:receipts",
        attrs: {},
        children: [],
      });
    });

    test("every IQ to every address of ours gets one answer within a second (bug 18)", async () => {
      const to = [HOST, `romeo@${HOST}`, `romeo@${HOST}/phone`];
      const result = (address: number, payload: string) => ({ to: to[address] as string, payload });
      const good = [
        ...[0, 1, 2].map((i) => result(i, "<query xmlns='http://jabber.org/protocol/disco#info'/>")),
        ...[0, 1, 2].map((i) => result(i, "<query xmlns='http://jabber.org/protocol/disco#items'/>")),
        ...[0, 1, 2].map((i) => result(i, "<ping xmlns='urn:xmpp:ping'/>")),
        result(0, "<query xmlns='jabber:iq:version'/>"),
        result(0, "<query xmlns='jabber:iq:last'/>"),
        result(0, "<time xmlns='urn:xmpp:time'/>"),
      ];
      for (const { to: address, payload } of good) {
        expect(await juliet.iq("get", address, payload, 1_000)).toMatchObject({
          type: "result",
          from: address,
        });
      }
      for (const address of to) {
        for (const type of ["get", "set"] as const) {
          for (const payload of [
            "<query xmlns='jabber:iq:register'/>",
            "<vCard xmlns='vcard-temp'/>",
            "<x xmlns='urn:none'/>",
          ]) {
            const answer = await juliet.iq(type, address, payload, 1_000);
            expect(answer).toMatchObject({
              type: "error",
              from: address,
              error: { condition: "service-unavailable" },
            });
          }
        }
      }
    });

    test("characters that XML forbids are dropped and nobody loses the link (bug 6)", async () => {
      const bad = "a\u0000\u0001\u000B\u001F\uFFFE\uFFFF\uD800b\uDC00c";
      const outcomes = await Promise.all(
        Array.from({ length: 1000 }, (_, i) =>
          rig.side.prove(chat(`bad-${i}`, "juliet@xmpp.test", i === 500 ? bad : `good ${i}`)),
        ),
      );
      expect(kinds(outcomes)).toEqual({ proven: 1000 });
      for (let i = 0; i < 1000; i++)
        expect((await juliet.nextMessage()).body).toBe(i === 500 ? "abc" : `good ${i}`);
      expect(rig.counters.get("xmpp.scrubbed")).toBe(8);
      expect(rig.states.filter(({ state }) => state === "down")).toEqual([]);
    });

    test("a stanza that is too deep is refused to its sender alone", async () => {
      juliet.raw(
        `<message to='romeo@${HOST}' type='chat' id='deep'>${"<a>".repeat(100)}${"</a>".repeat(100)}</message>`,
      );
      expect((await juliet.nextError("deep")).error?.condition).toBe("policy-violation");
      expect(rig.side.isUp(HOST)).toBe(true);
    });

    test("a restart loses nothing silently: what was proven arrived, the rest is told (bug 7)", async () => {
      const outcomes: PromiseLike<ProofOutcome>[] = [];
      const down = rig.comes("down");
      const restarted = server.restart();
      let stop = false;
      void down.then(() => rig.comes("up")).then(() => (stop = true));
      for (let i = 0; !stop || outcomes.length < 500; i++) {
        outcomes.push(rig.side.prove(chat(`restart-${i}`, "nobody@xmpp.test", `r${i}`)));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      await restarted;
      outcomes.push(rig.side.prove(chat("restarted", "nobody@xmpp.test", "again")));
      const counted = kinds(await Promise.all(outcomes));
      expect(Object.keys(counted).sort()).toEqual(["bounced", "link-down"]);
      expect((await outcomes[outcomes.length - 1])?.kind).toBe("bounced");
      const events = rig.lines.filter(({ level }) => level !== "debug").map(({ event }) => event);
      expect(events.filter((event) => event === "xmpp link up")).toHaveLength(2);
    });
  });
});

describe.each(XMPP_SERVERS)("%s", (kind, start) => {
  needs([kind], `component link that ${kind} refuses`, () => {
    let server: XmppServer;
    let rig: Rig;

    beforeAll(async () => {
      server = await start({ domain: "xmpp.test", components: [{ host: HOST, secret: SECRET }] });
    });
    afterEach(() => rig.side.stop());
    afterAll(() => server?.stop());

    test("a wrong secret stops the link and is said once (xmpp.js#588)", async () => {
      rig = startSide({ address: server.address, port: server.componentPort }, { secret: "wrong" });
      expect(await rig.side.settled(10_000)).toBe(false);
      expect(rig.side.links()[0]).toMatchObject({ state: "failed", reason: "not-authorized" });
      expect(rig.lines.map(({ level }) => level)).toEqual(["error"]);
      expect(await rig.side.prove(chat("x", "juliet@xmpp.test", "?"))).toMatchObject({ kind: "link-down" });
    });

    test("the port for clients is told as such (matrix-bifrost#357)", async () => {
      rig = startSide({ address: server.address, port: server.c2sPort });
      const { reason, detail } = await rig.reaches("down");
      expect(reason).toBe("wrong-port");
      expect(detail).toContain("for clients, not for components");
      expect(rig.lines).toHaveLength(1);
    });

    test("an unknown component host is told as such", async () => {
      rig = startSide({ address: server.address, port: server.componentPort }, { host: "other.test" });
      const reached = await rig.reaches(kind === "prosody" ? "down" : "failed");
      expect(reached.reason).toBe(kind === "prosody" ? "host-unknown" : "not-authorized");
    });
  });
});

function proveFifty(rig: Rig, name: string, to: string, from?: string): Promise<ProofOutcome[]> {
  return Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      rig.side.prove(chat(`${name.replace(/ /g, "-")}-${i}`, to, "?", from)),
    ),
  );
}
