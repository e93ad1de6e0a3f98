/**
 * Real phones register straight at the gateway, with digest; messages cross both ways, and between two of them.
 * RFC 3261 §10, §22; RFC 5627.
 * @jest-environment ./test/support/environment.ts
 */

import { type Baresip, startBaresip } from "../support/baresip";
import { type LibraryPhone, startPurplePhone } from "../support/library-phone";
import { type Linphone, startLinphone } from "../support/linphone";
import { OFFICE, type Office, passwordOf, startOffice, VERONA } from "../support/office";
import { eventually } from "../support/processes";
import { startProsody } from "../support/prosody";
import { needs } from "../support/requires";
import type { XmppClient } from "../support/slixmpp";

jest.setTimeout(60_000);

const TEXT = "Ἰουλία, 你好 🌹 <&>";
const LONG = "wherefore art thou ".repeat(200).trim();

needs(["baresip", "linphone-cli", "prosody", "python3-slixmpp"], "phones at the registrar", () => {
  let office: Office;
  let juliet: XmppClient;
  let romeo: Baresip;
  let mercutio: Linphone;

  beforeAll(async () => {
    office = await startOffice({
      server: startProsody,
      users: ["juliet"],
      people: ["romeo", "mercutio", "tybalt"],
      // baresip 1.0 gives up when it is offered anything else.
      sip: { switches: { digestMd5Only: true } },
    });
    juliet = await office.client("juliet");
    romeo = await startBaresip({
      aor: `romeo@${OFFICE}`,
      password: passwordOf("romeo"),
      proxy: office.at,
      contacts: [`sip:juliet@${VERONA}`, `sip:mercutio@${OFFICE}`],
      register: true,
    });
    mercutio = await startLinphone({
      aor: `mercutio@${OFFICE}`,
      password: passwordOf("mercutio"),
      proxy: office.at,
      register: true,
    });
    await eventually(
      "two registrations",
      async () => (await office.gateway.counter("registrar.registered")) >= 2,
    );
  });

  afterAll(async () => {
    await Promise.all([romeo?.stop(), mercutio?.stop()]);
    await office.stop();
  });

  test("baresip writes and is written to", async () => {
    await romeo.message(`sip:juliet@${VERONA}`, TEXT);
    expect(await juliet.nextMessage()).toMatchObject({ from: `romeo@${OFFICE}`, body: TEXT });
    juliet.message({ to: `romeo@${OFFICE}`, body: TEXT });
    await romeo.until("message", () => romeo.received().some((text) => text.includes(TEXT)));
  });

  test("linphone writes and is written to, short and long", async () => {
    mercutio.message(`sip:juliet@${VERONA}`, TEXT);
    expect(await juliet.nextMessage()).toMatchObject({ body: TEXT });
    for (const body of [TEXT, LONG]) {
      juliet.message({ to: `mercutio@${OFFICE}`, body });
      await mercutio.until("message", (log) => log.includes(body));
    }
  });

  test("two phones write to each other", async () => {
    await romeo.message(`sip:mercutio@${OFFICE}`, "a plague");
    await mercutio.until("message", (log) => log.includes("a plague"));
    mercutio.message(`sip:romeo@${OFFICE}`, "on both your houses");
    await romeo.until("message", () => romeo.received().some((text) => text.includes("both your houses")));
  });

  test("nobody registered: the sender gets an error", async () => {
    const id = juliet.message({ to: `tybalt@${OFFICE}`, body: "?" });
    expect((await juliet.nextError(id)).error?.condition).toBe("recipient-unavailable");
  });

  test("a killed gateway needs no new registration", async () => {
    const before = await office.gateway.counter("registrar.registered");
    expect(before).toBeGreaterThan(0);
    office.gateway.kill("SIGKILL");
    await office.gateway.exited();
    await office.gateway.start();
    juliet.message({ to: `romeo@${OFFICE}`, body: "still there" });
    await romeo.until("message", () => romeo.received().some((text) => text.includes("still there")));
    expect(await office.gateway.counter("registrar.registered")).toBe(0);
  });

  test("a phone that leaves is gone", async () => {
    await romeo.stop();
    await eventually(
      "no registration",
      async () => (await office.gateway.counter("registrar.unregistered")) >= 1,
    );
    const id = juliet.message({ to: `romeo@${OFFICE}`, body: "?" });
    expect((await juliet.nextError(id)).error?.condition).toBe("recipient-unavailable");
  });
});

needs(["libpurple0", "prosody", "python3-slixmpp"], "Pidgin's SIMPLE at the registrar", () => {
  let office: Office;
  let juliet: XmppClient;
  const phones: LibraryPhone[] = [];

  beforeAll(async () => {
    office = await startOffice({
      server: startProsody,
      users: ["juliet"],
      people: ["romeo"],
      // It answers without qop, offered or not.
      sip: { switches: { digestWithoutQop: true, digestMd5Only: true } },
    });
    juliet = await office.client("juliet");
  });

  afterAll(async () => {
    await Promise.all(phones.map((phone) => phone.stop()));
    await office.stop();
  });

  async function start(transport: "udp"): Promise<LibraryPhone> {
    const phone = await startPurplePhone({
      aor: `romeo@${OFFICE}`,
      password: passwordOf("romeo"),
      proxy: office.at,
      transport,
    });
    phones.push(phone);
    await phone.online();
    return phone;
  }

  // Not by TCP: it publishes at its start, and overlooks the second of two answers that come in one segment.
  test.each(["udp"] as const)(
    "registers, writes and is written to by %s; and again after a crash",
    async (transport) => {
      // Other words each time: it repeats every identifier, so that only the text tells two messages apart.
      for (const [before, text] of [`wherefore by ${transport}`, `art thou by ${transport}`].entries()) {
        const phone = await start(transport);
        phone.say(`sip:juliet@${VERONA}`, text);
        expect((await juliet.nextMessage()).body).toContain(text);
        juliet.message({ to: `romeo@${OFFICE}`, body: `${text}?` });
        await phone.until("message", () => phone.received.some((one) => one.text.includes(`${text}?`)));
        // It shows a message before it answers it: killed in between, it would hold up the next one until Timer F (32 s).
        await eventually(
          "an answered message",
          async () => (await office.gateway.counter("xmpp.message.delivered")) > before,
        );
        // The battery is empty: nothing is unregistered, and the next life sends the same Call-IDs.
        await phone.kill();
      }
    },
  );
});
