/**
 * Phones behind a real NAT, which changes their ports and lets nothing in that was not asked for: message and NOTIFY reach
 * them over the flow of their registration. RFC 3581, RFC 5626 §3.3; RFC 3261 §18.2.2.
 * @jest-environment ./test/support/environment.ts
 */

import { join } from "node:path";
import { type Linphone, startLinphone } from "../support/linphone";
import { type Nat, startNat } from "../support/nat";
import { OFFICE, type Office, passwordOf, startOffice, VERONA } from "../support/office";
import { eventually, findProgram, Program } from "../support/processes";
import { startProsody } from "../support/prosody";
import { needs } from "../support/requires";
import type { XmppClient } from "../support/slixmpp";

jest.setTimeout(60_000);

interface Heard {
  readonly event: string;
  readonly method?: string;
  readonly status?: number;
  readonly uri?: string;
  readonly body?: string;
}

needs(["iproute2", "linphone-cli", "prosody", "python3-slixmpp"], "phones behind a NAT", () => {
  let nat: Nat;
  let office: Office;
  let juliet: XmppClient;

  beforeAll(async () => {
    nat = startNat();
    office = await startOffice({
      server: startProsody,
      users: ["juliet"],
      people: ["romeo", "mercutio", "benvolio"],
      address: nat.outside,
    });
    juliet = await office.client("juliet");
  });

  afterAll(async () => {
    await office?.stop();
    nat?.stop();
  });

  test.each([
    ["udp", "romeo"],
    ["tcp", "mercutio"],
  ] as const)("by %s: the phone is written to and notified", async (transport, user) => {
    const heard: Heard[] = [];
    const phone = startPhone(transport, user, (one) => heard.push(one));
    const until = (what: string, fits: (one: Heard) => boolean) =>
      eventually(`${what}: ${JSON.stringify(heard)}`, () => heard.some(fits));
    try {
      await until("registration", (one) => one.method === "REGISTER" && one.status === 200);
      await until("NOTIFY", (one) => one.event === "NOTIFY");
      juliet.message({ to: `${user}@${OFFICE}`, body: "how cam'st thou hither" });
      await until("MESSAGE", (one) => one.event === "MESSAGE" && one.body === "how cam'st thou hither");
      const message = heard.find((one) => one.event === "MESSAGE");
      expect(message?.uri).toMatch(new RegExp(`^sip:${user}@192\\.168\\.77\\.5:`));
    } finally {
      await phone.stop();
    }
  });

  test("linphone writes and is written to", async () => {
    const benvolio: Linphone = await startLinphone({
      aor: `benvolio@${OFFICE}`,
      password: passwordOf("benvolio"),
      proxy: office.at,
      register: true,
      port: 5060,
      inNamespace: nat.inNamespace,
    });
    try {
      await benvolio.until("registration", (log) => log.includes("LinphoneRegistrationOk"));
      benvolio.message(`sip:juliet@${VERONA}`, "from behind the wall");
      expect((await juliet.nextMessage()).body).toBe("from behind the wall");
      juliet.message({ to: `benvolio@${OFFICE}`, body: "the orchard walls are high" });
      await benvolio.until("message", (log) => log.includes("the orchard walls are high"));
    } finally {
      await benvolio.stop();
    }
  });

  test("a restart of the gateway: by UDP the phone is reached at once", async () => {
    const heard: Heard[] = [];
    const phone = startPhone("udp", "romeo", (one) => heard.push(one));
    try {
      await eventually("registration", () =>
        heard.some((one) => one.method === "SUBSCRIBE" && one.status === 200),
      );
      office.gateway.kill("SIGKILL");
      await office.gateway.exited();
      await office.gateway.start();
      juliet.message({ to: `romeo@${OFFICE}`, body: "again" });
      await eventually("MESSAGE", () => heard.some((one) => one.event === "MESSAGE" && one.body === "again"));
    } finally {
      await phone.stop();
    }
  });

  function startPhone(transport: "udp" | "tcp", user: string, take: (heard: Heard) => void): Program {
    const { address, port } = office.at;
    const settings = {
      user,
      domain: OFFICE,
      password: passwordOf(user),
      own: [nat.inside, 5062],
      gateway: [address, port],
      transport,
      watch: `sip:juliet@${VERONA}`,
    };
    const phone = new Program({
      name: `${user}'s phone`,
      program: findProgram("ip", "iproute2"),
      packageName: "iproute2",
      args: [
        ...nat.inNamespace,
        findProgram("python3", "python3"),
        join(__dirname, "../support/nat_phone.py"),
        JSON.stringify(settings),
      ],
    });
    phone.onLine((line) => {
      if (line.startsWith("{")) take(JSON.parse(line) as Heard);
    });
    phone.start();
    return phone;
  }
});
