/**
 * SIP users watch people on XMPP, who have several clients. RFC 8048 §5.3 and §6.2, RFC 3856, RFC 6665 §4.2.
 * @jest-environment ./test/support/environment.ts
 */

import { SipWatcher } from "../support/presence-peer";
import { needs } from "../support/requires";
import { schemaProblems } from "../support/schema";
import type { XmppClient } from "../support/slixmpp";
import { phoneDomain, startWorld, type World, XMPP_DOMAIN } from "../support/world";
import { XMPP_SERVERS } from "../support/xmpp-server";

jest.setTimeout(60_000);

const JULIET = `juliet@${XMPP_DOMAIN}`;
const NURSE = `nurse@${XMPP_DOMAIN}`;
const HOME = phoneDomain("udp");

describe.each(XMPP_SERVERS)("on %s", (kind, server) => {
  needs([kind, "python3-slixmpp", "openssl", "libxml2-utils"], `SIP users watch XMPP people, ${kind}`, () => {
    let world: World;
    let juliet: XmppClient;
    let nurse: XmppClient;

    beforeAll(async () => {
      world = await startWorld({
        server,
        users: ["juliet", "nurse"],
        presence: { notifyInterval: "50 ms", probeAnswer: "2 s" },
      });
      juliet = await world.client("juliet", "balcony");
      await juliet.roster(); // who has not asked for it hears nothing of subscriptions (RFC 6121 §2.2)
      nurse = await world.client("nurse", "kitchen");
    });

    afterAll(() => world.stop());

    const watcher = (name: string, presentity = JULIET) =>
      new SipWatcher(world.phone, world.at.udp, `sip:${name}@${HOME}`, `sip:${presentity}`);

    /** Lets this SIP user see juliet, and takes all that is told at first. */
    async function watching(name: string): Promise<SipWatcher> {
      const one = watcher(name);
      expect((await one.subscribe()).status).toBe(200);
      await juliet.nextPresence("subscribe", `${name}@${HOME}`);
      juliet.subscription("subscribed", `${name}@${HOME}`);
      await one.next(({ state, tuples }) => state === "active" && tuples.some(({ open }) => open), "open");
      return one;
    }

    test("nothing is told before the approval, then both clients in one document (bugs 2 and 10)", async () => {
      const chamber = await world.client("juliet", "chamber");
      chamber.presence({ show: "away", status: "at the ball", priority: 5 });
      const romeo = watcher("romeo");
      const end = await romeo.subscribe();
      expect(end.status).toBe(200);
      const first = await romeo.next();
      expect(first).toMatchObject({ state: "pending", body: "" });
      await juliet.nextPresence("subscribe", `romeo@${HOME}`);
      await juliet.settle();
      expect(romeo.waiting().filter(({ state, body }) => state !== "pending" || body !== "")).toEqual([]);
      juliet.subscription("subscribed", `romeo@${HOME}`);
      const both = await romeo.next(({ tuples }) => tuples.length === 2, "two tuples");
      expect(both.state).toBe("active");
      expect(both.tuples.map(({ open }) => open)).toEqual([true, true]);
      expect(both.tuples.find(({ id }) => id.endsWith("chamber"))).toMatchObject({
        show: "away",
        notes: ["at the ball"],
        priority: "0.039",
      });
      expect(both.tuples.find(({ id }) => id.endsWith("balcony"))).toMatchObject({ show: "", notes: [] });
      expect(schemaProblems(both.body, "presence")).toBe("");
      await chamber.stop();
      await romeo.next(({ tuples }) => tuples.filter(({ open }) => open).length === 1, "one tuple");
      await romeo.subscribe(0);
    });

    test("one of two clients leaves and the watcher still sees open; both leave: closed once (bug 9)", async () => {
      const tybalt = await watching("tybalt");
      const chamber = await world.client("juliet", "chamber");
      await tybalt.next(({ tuples }) => tuples.filter(({ open }) => open).length === 2, "both");
      await chamber.stop();
      const one = await tybalt.next(({ tuples }) => tuples.filter(({ open }) => open).length === 1, "one");
      expect(one.tuples.find(({ open }) => open)?.id).toMatch(/balcony$/);
      const before = tybalt.taken.length;
      juliet.presence({ type: "unavailable" });
      await tybalt.next(({ tuples }) => tuples.length > 0 && tuples.every(({ open }) => !open), "closed");
      juliet.presence();
      await tybalt.next(({ tuples }) => tuples.some(({ open }) => open), "open again");
      const since = tybalt.taken.slice(before);
      expect(since.filter(({ tuples }) => tuples.every(({ open }) => !open))).toHaveLength(1);
      expect(since.map(({ state }) => state)).toEqual(since.map(() => "active"));
      await tybalt.subscribe(0);
    });

    test("show, text and language change, and come in order", async () => {
      const paris = await watching("paris");
      for (const show of ["away", "dnd", "xa", "chat"]) {
        juliet.presence({ show, status: `${show} — ${"λόγος 🌹"}`, lang: "el" });
        const notify = await paris.next(({ tuples }) => tuples.some((tuple) => tuple.show === show), show);
        expect(notify.tuples).toHaveLength(1);
        expect(schemaProblems(notify.body, "presence")).toBe("");
        expect(notify.tuples[0]).toMatchObject({ open: true, notes: [`${show} — λόγος 🌹`] });
      }
      juliet.presence();
      await paris.next(
        ({ tuples }) => tuples.every(({ show, notes }) => show === "" && notes.length === 0),
        "plain",
      );
      const numbers = paris.taken.map(({ cseq }) => cseq);
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      expect(new Set(numbers).size).toBe(numbers.length);
      await paris.subscribe(0);
    });

    test("a storm of changes ends with the latest state", async () => {
      const peter = await watching("peter");
      for (let number = 1; number <= 200; number++) juliet.presence({ status: `change ${number}` });
      await peter.next(
        ({ tuples }) => tuples.some(({ notes }) => notes.includes("change 200")),
        "the last change",
      );
      expect(peter.taken.length).toBeLessThan(150);
      juliet.presence();
      await peter.subscribe(0);
    });

    test("refused: terminated;reason=rejected, at once or later", async () => {
      const gregory = watcher("gregory");
      await gregory.subscribe();
      await juliet.nextPresence("subscribe", `gregory@${HOME}`);
      juliet.subscription("unsubscribed", `gregory@${HOME}`);
      const end = await gregory.next(({ state }) => state === "terminated", "the end");
      expect(end).toMatchObject({ reason: "rejected", tuples: [] });
      const sampson = await watching("sampson");
      juliet.subscription("unsubscribed", `sampson@${HOME}`);
      expect(await sampson.next(({ state }) => state === "terminated", "the end")).toMatchObject({
        reason: "rejected",
      });
      juliet.presence({ status: "not for them" });
      await juliet.settle();
      expect([...gregory.waiting(), ...sampson.waiting()]).toEqual([]);
    });

    test("ends, comes back and asks once: the approval outlives the dialog", async () => {
      const first = await watching("abram");
      const refreshed = await first.subscribe();
      expect(refreshed.status).toBe(200);
      const same = await first.next(({ state }) => state === "active", "answer to the refresh");
      expect(same.tuples.some(({ open }) => open)).toBe(true);
      expect((await first.subscribe(0)).status).toBe(200);
      expect(await first.next(({ state }) => state === "terminated", "the end")).toMatchObject({
        reason: "timeout",
      });
      expect(juliet.stanzas.filter(({ type }) => type === "unsubscribe")).toEqual([]);
      const again = watcher("abram");
      await again.subscribe();
      await again.next(({ state, tuples }) => state === "active" && tuples.some(({ open }) => open), "open");
      await again.subscribe(0);
      const fetch = watcher("abram");
      expect((await fetch.subscribe(0)).status).toBe(200);
      const fetched = await fetch.next(({ state }) => state === "terminated", "what was fetched");
      expect(fetched.reason).toBe("timeout");
      expect(fetched.tuples.map(({ open }) => open)).toEqual([true]);
      await juliet.settle();
      expect(juliet.stanzas.filter(({ type }) => type === "subscribe")).toEqual([]);
    });

    test("presence goes to nobody but its addressee", async () => {
      const balthasar = await watching("balthasar");
      const other = watcher("john", NURSE);
      await other.subscribe();
      await nurse.nextPresence("subscribe", `john@${HOME}`);
      await other.next(({ state }) => state === "pending", "pending");
      world.phone.requests.length = 0;
      juliet.presence({ show: "dnd", status: "for Balthasar alone" });
      await balthasar.next(({ body }) => body.includes("for Balthasar alone"), "the change");
      // Told directly, without having asked (RFC 6121 §4.6): there is no subscription that it could go to.
      juliet.presence({ to: `john@${HOME}`, status: "for John" });
      nurse.presence({ to: `laurence@${HOME}`, status: "for Laurence" });
      juliet.presence({ status: "the last" });
      await balthasar.next(({ body }) => body.includes("the last"), "the last");
      expect(world.phone.requests).toEqual([]);
      expect(nurse.presences.filter(({ xml }) => xml.includes("alone") || xml.includes("the last"))).toEqual(
        [],
      );
      await balthasar.subscribe(0);
    });
  });
});
