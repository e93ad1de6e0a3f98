/**
 * linphone as a phone straight at the gateway: it writes and takes what comes.
 * RFC 7572, RFC 3428.
 * @jest-environment ./test/support/environment.ts
 */

import { type Linphone, startLinphone } from "../support/linphone";
import { freePort, holdAddress } from "../support/ports";
import { startProsody } from "../support/prosody";
import { needs } from "../support/requires";
import type { XmppClient } from "../support/slixmpp";
import { startWorld, type World, XMPP_DOMAIN } from "../support/world";

jest.setTimeout(60_000);

const TEXT = "Ἰουλία, 你好 🌹 <&>";
const LONG = "wherefore art thou ".repeat(200);
const TRANSPORTS = ["udp", "tcp"] as const;

needs(["linphone-cli", "prosody", "python3-slixmpp", "openssl"], "linphone", () => {
  let world: World;
  let juliet: XmppClient;
  let phones: Readonly<Record<(typeof TRANSPORTS)[number], Linphone>>;

  beforeAll(async () => {
    const address = await holdAddress();
    const ports = { udp: await freePort(address), tcp: await freePort(address) };
    world = await startWorld({
      server: startProsody,
      users: ["juliet"],
      domains: {
        "udp.linphone.test": `sip:${address}:${ports.udp};transport=udp`,
        "tcp.linphone.test": `sip:${address}:${ports.tcp};transport=tcp`,
      },
    });
    juliet = await world.client("juliet");
    const start = (transport: (typeof TRANSPORTS)[number]) =>
      startLinphone({
        aor: `romeo@${transport}.linphone.test`,
        port: ports[transport],
        proxy: { ...world.at[transport], transport },
      });
    phones = { udp: await start("udp"), tcp: await start("tcp") };
  });

  afterAll(async () => {
    await Promise.all(Object.values(phones).map((phone) => phone.stop()));
    await world.stop();
  });

  test.each(TRANSPORTS)("writes by %s", async (transport) => {
    phones[transport].message(`sip:juliet@${XMPP_DOMAIN}`, TEXT);
    const message = await juliet.nextMessage();
    expect(message).toMatchObject({ from: `romeo@${transport}.linphone.test`, body: TEXT });
  });

  test.each(TRANSPORTS)("is written to by %s, short and above 1,300 octets", async (transport) => {
    for (const body of [TEXT, LONG]) {
      juliet.message({ to: `romeo@${transport}.linphone.test`, body });
      await phones[transport].until("message", (log) => log.includes(body.trim()));
    }
    await juliet.settle();
    expect(juliet.stanzas.filter(({ type }) => type === "error")).toEqual([]);
  });
});
