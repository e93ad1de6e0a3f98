/**
 * The rig itself: real XMPP servers and a real XMPP client, without the gateway.
 * @jest-environment ./test/support/environment.ts
 */

import { startEjabberd } from "../support/ejabberd";
import { startFederation } from "../support/federation";
import { startProsody } from "../support/prosody";
import { needs } from "../support/requires";
import { startXmppClient } from "../support/slixmpp";
import { XMPP_SERVERS, type XmppServer } from "../support/xmpp-server";

jest.setTimeout(60_000);

describe.each(XMPP_SERVERS)("%s", (kind, start) => {
  needs([kind, "python3-slixmpp"], `${kind} and slixmpp`, () => {
    test("two people write to each other, and a blocked one is refused", async () => {
      const server = await start({
        domain: "example.test",
        users: [
          { name: "juliet", password: "balcony" },
          { name: "romeo", password: 'a "quoted" \\ one' },
        ],
      });
      const at = { host: server.address, port: server.c2sPort };
      const juliet = await startXmppClient({ jid: "juliet@example.test", password: "balcony", ...at });
      const romeo = await startXmppClient({
        jid: "romeo@example.test",
        password: 'a "quoted" \\ one',
        ...at,
      });
      romeo.message({ to: "juliet@example.test", body: "Ἰουλία <&> 🌹\ntwo", subject: "s" });
      const message = await juliet.nextMessage();
      expect(message).toMatchObject({
        from: "romeo@example.test/test",
        type: "chat",
        body: "Ἰουλία <&> 🌹\ntwo",
      });
      await juliet.block("romeo@example.test");
      const id = romeo.message({ to: "juliet@example.test", body: "again" });
      expect((await romeo.nextError(id)).error?.condition).toBe("service-unavailable");
      await server.restart();
      await Promise.all([juliet.stop(), romeo.stop()]);
      const again = await startXmppClient({ jid: "juliet@example.test", password: "balcony", ...at });
      await again.stop();
      await server.stop();
      expect(server.pid).toBeUndefined();
    });
  });
});

needs(["prosody", "ejabberd", "python3-slixmpp"], "federation of Prosody and ejabberd", () => {
  test("a message crosses from one server's user to the other's and back", async () => {
    const federation = await startFederation([
      [startProsody, { domain: "verona.test", users: [{ name: "juliet", password: "balcony" }] }],
      [startEjabberd, { domain: "mantua.test", users: [{ name: "romeo", password: "exile" }] }],
    ]);
    const [verona, mantua] = federation.servers as [XmppServer, XmppServer];
    const juliet = await startXmppClient({
      jid: "juliet@verona.test",
      password: "balcony",
      host: verona.address,
      port: verona.c2sPort,
    });
    const romeo = await startXmppClient({
      jid: "romeo@mantua.test",
      password: "exile",
      host: mantua.address,
      port: mantua.c2sPort,
    });
    juliet.message({ to: "romeo@mantua.test", body: "wherefore" });
    expect(await romeo.nextMessage(3_000)).toMatchObject({
      from: "juliet@verona.test/test",
      body: "wherefore",
    });
    romeo.message({ to: "juliet@verona.test", body: "here" });
    expect(await juliet.nextMessage(3_000)).toMatchObject({ from: "romeo@mantua.test/test", body: "here" });
    await Promise.all([juliet.stop(), romeo.stop()]);
    await federation.stop();
  });
});
