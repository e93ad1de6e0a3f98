/**
 * docker-compose.yml without Docker: the same ejabberd.yml, isthmus.yaml and kamailio.cfg, each program on a loopback address of
 * its own. A registered baresip and a Jabber client write to each other.
 * @jest-environment ./test/support/environment.ts
 */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { startBaresip } from "../support/baresip";
import { startEjabberd } from "../support/ejabberd";
import { startGateway } from "../support/gateway";
import { startKamailio } from "../support/kamailio";
import { freePort, holdAddress } from "../support/ports";
import { findProgram } from "../support/processes";
import { needs } from "../support/requires";
import { SipPeer } from "../support/sip-peer";
import { startXmppClient } from "../support/slixmpp";

jest.setTimeout(90_000);

const ROOT = join(__dirname, "../..");

needs(["ejabberd", "kamailio", "baresip", "python3-slixmpp"], "what docker-compose.yml puts together", () => {
  test("a registered phone and a Jabber client write to each other; nobody else speaks for them", async () => {
    const [ejabberdAt, isthmusAt, kamailioAt] = [
      await holdAddress(),
      await holdAddress(),
      await holdAddress(),
    ];
    const deployed = (name: string, own: string) =>
      readFileSync(join(ROOT, "deploy", name), "utf8")
        .replaceAll("172.30.60.2", ejabberdAt)
        .replaceAll("172.30.60.3", isthmusAt)
        .replaceAll("172.30.60.4", kamailioAt)
        .replaceAll("0.0.0.0", own);
    const [ejabberd, kamailio] = await Promise.all([
      startEjabberd({
        address: ejabberdAt,
        domain: "xmpp.example",
        users: [{ name: "juliet", password: "balcony" }],
        configuration: deployed("ejabberd.yml", ejabberdAt),
      }),
      startKamailio({
        address: kamailioAt,
        sipPort: 5060,
        configuration: deployed("kamailio.cfg", kamailioAt),
        env: { ROMEO_PASSWORD: "moonlight" },
      }),
    ]);
    const { store: _, ...config } = parse(deployed("isthmus.yaml", isthmusAt));
    const gateway = await startGateway(config, { env: { ISTHMUS_SECRET: "change-me" } });
    const juliet = await startXmppClient({
      jid: "juliet@xmpp.example",
      password: "balcony",
      host: ejabberdAt,
      port: ejabberd.c2sPort,
    });
    const romeo = await startBaresip({
      aor: "romeo@sip.example",
      password: "moonlight",
      register: true,
      presence: true,
      proxy: { address: kamailioAt, port: 5060 },
      contacts: ["sip:juliet@xmpp.example"],
    });
    await romeo.until("registration", (log) => /200 OK/.test(log));

    await romeo.message("sip:juliet@xmpp.example", "But soft, what light?");
    const came = await juliet.nextMessage();
    expect(came).toMatchObject({ from: "romeo@sip.example", body: "But soft, what light?" });
    juliet.message({ to: came.from, body: "Ay me! 🌹" });
    await romeo.until("answer", () => romeo.received().includes("Ay me! 🌹"));

    // Each sees the other, through Kamailio: baresip watches its contact and lets everybody watch it.
    await juliet.nextPresence("subscribe", "romeo@sip.example");
    juliet.subscription("subscribed", "romeo@sip.example");
    await romeo.untilShows("sip:juliet@xmpp.example", "Online");
    juliet.subscription("subscribe", "romeo@sip.example");
    await juliet.untilSees("romeo@sip.example", "online", (resources) =>
      resources.some(({ available }) => available),
    );

    const tybalt = await SipPeer.open({ address: ejabberdAt, port: await freePort(ejabberdAt) });
    const target = (address: string) => ({ transport: "udp", address, port: 5060 }) as const;
    const forged = {
      from: "sip:romeo@sip.example",
      to: "sip:juliet@xmpp.example",
      body: "Thou art a villain",
    };
    expect((await tybalt.send(forged, target(kamailioAt))).status).toBe(407);
    expect(
      (await tybalt.send({ ...forged, from: "sip:juliet@xmpp.example" }, target(kamailioAt))).status,
    ).toBe(403);
    expect([401, 403]).toContain((await tybalt.send(forged, target(isthmusAt))).status);

    await Promise.all([romeo.stop(), juliet.stop(), tybalt.close()]);
    await Promise.all([gateway.stop(), kamailio.stop()]);
    await ejabberd.stop();
  });
});

needs(["docker-compose"], "docker-compose", () => {
  test("takes docker-compose.yml", () => {
    const program = findProgram("docker-compose", "docker-compose");
    const output = execFileSync(program, ["-f", join(ROOT, "docker-compose.yml"), "config"], {
      encoding: "utf8",
    });
    expect(Object.keys(parse(output).services).sort()).toEqual(["ejabberd", "isthmus", "kamailio"]);
  });
});
