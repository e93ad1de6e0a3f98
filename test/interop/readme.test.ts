/**
 * The snippets of the README, which are the files of deploy/: the servers run with them, and one message crosses each way.
 * Only 127.0.0.1 is another loopback address here; ports and everything else are as written.
 * @jest-environment ./test/support/environment.ts
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { startGateway } from "../support/gateway";
import { startKamailio } from "../support/kamailio";
import { freePort, holdAddress } from "../support/ports";
import { PresencePhone } from "../support/presence-phone";
import { needs } from "../support/requires";
import { SipPeer } from "../support/sip-peer";
import { startXmppClient } from "../support/slixmpp";
import { XMPP_SERVERS } from "../support/xmpp-server";

jest.setTimeout(90_000);

const SNIPPETS = { prosody: "prosody.snippet.lua", ejabberd: "ejabberd.snippet.yml" } as const;
const PROXY_PORT = 5080;
const PASSWORD = "balcony";

describe.each(XMPP_SERVERS)("beside %s", (kind, start) => {
  needs([kind, "kamailio", "python3-slixmpp"], "the README's snippets", () => {
    test("one message each way, phone, Kamailio, Isthmus, XMPP server", async () => {
      const address = await holdAddress();
      const deployed = (name: string) =>
        readFileSync(join(__dirname, "../../deploy", name), "utf8").replaceAll("127.0.0.1", address);
      const phone = await SipPeer.open({ address, port: await freePort(address) });
      const [server, kamailio] = await Promise.all([
        start({
          address,
          domain: "xmpp.example",
          users: [{ name: "juliet", password: PASSWORD }],
          componentSnippet: deployed(SNIPPETS[kind]),
        }),
        startKamailio({
          address,
          sipPort: PROXY_PORT,
          snippet: deployed("kamailio.snippet.cfg"),
          routes: [["sip.example", `sip:${phone.address}:${phone.port}`]],
        }),
      ]);
      const gateway = await startGateway(parse(deployed("isthmus.minimal.yaml")));
      const juliet = await startXmppClient({
        jid: "juliet@xmpp.example",
        password: PASSWORD,
        host: address,
        port: server.c2sPort,
      });

      const end = await phone.send(
        { from: "sip:romeo@sip.example", to: "sip:juliet@xmpp.example", body: "But soft, what light? 🌹" },
        { transport: "udp", address, port: PROXY_PORT },
      );
      expect(end.status).toBe(202);
      const came = await juliet.nextMessage();
      expect(came).toMatchObject({ from: "romeo@sip.example", body: "But soft, what light? 🌹" });

      juliet.message({ to: came.from, body: "Ay me! 🌹" });
      const request = await phone.next(({ startLine }) => startLine.startsWith("MESSAGE "), "answer");
      expect(request.startLine).toBe("MESSAGE sip:romeo@sip.example SIP/2.0");
      expect(request.body.toString("utf8")).toBe("Ay me! 🌹");

      const romeo = await PresencePhone.open({
        uri: "sip:romeo@sip.example",
        address,
        port: await freePort(address),
        gateway: { address, port: PROXY_PORT },
      });
      const watch = await romeo.subscribe("sip:juliet@xmpp.example");
      await juliet.nextPresence("subscribe", "romeo@sip.example");
      juliet.subscription("subscribed", "romeo@sip.example");
      await watch.next("juliet online", ({ body }) => body.includes("<basic>open</basic>"));
      // The route that Kamailio recorded leads both ways.
      await watch.refresh();
      expect(watch.outcome.status).toBe(200);

      await romeo.close();
      await juliet.stop();
      await Promise.all([gateway.stop(), kamailio.stop(), phone.close()]);
      await server.stop();
    });
  });
});
