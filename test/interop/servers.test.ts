/**
 * The rig itself: real XMPP servers and a real XMPP client, without the gateway.
 * @jest-environment ./test/support/environment.ts
 */

import { needs } from "../support/requires";
import { startXmppClient } from "../support/slixmpp";
import { XMPP_SERVERS } from "../support/xmpp-server";

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
