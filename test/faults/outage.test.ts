/**
 * Neighbours that vanish without a word and come back: noticed, shown on the health page, and mended unaided (bugs 8 and 19).
 * @jest-environment ./test/support/environment.ts
 */

import { untilReady } from "../support/gateway";
import { freePort, holdAddress } from "../support/ports";
import { needs } from "../support/requires";
import { SipPeer } from "../support/sip-peer";
import { type Rig, startRig } from "./support/rig";
import { sleep } from "./support/sip-traffic";
import { countOf, Table } from "./support/table";
import { untilDone, write } from "./support/xmpp-traffic";

jest.setTimeout(60_000);

const SHORT = { timers: { t1: "50 ms", t2: "400 ms" }, proofDeadline: "1500 ms" };

const table = new Table("Outages", [
  "what",
  "noticed after ms",
  "ready again after ms",
  "messages after it",
  "during it",
]);

let rig: Rig | undefined;
let peer: SipPeer | undefined;

afterEach(async () => {
  await rig?.stop();
  await peer?.close();
  rig = undefined;
  peer = undefined;
});

needs(["prosody", "python3-slixmpp"], "outages", () => {
  test("packets vanish: not ready, then ready again, and health shows both (bug 8)", async () => {
    const running = await startRig();
    rig = running;
    const { cutter, gateway, phone, sip, juliet } = running;
    cutter.swallow();
    const swallowed = performance.now();
    await untilReady(gateway, false, 20_000);
    const noticed = performance.now() - swallowed;
    expect((await gateway.health())?.links).toMatchObject([{ reason: "ping-timeout" }]);
    cutter.heal();
    const healed = performance.now();
    await untilReady(gateway, true, 20_000);
    const ready = performance.now() - healed;
    const after = await phone.send(
      { to: "sip:juliet@xmpp.test", from: "sip:romeo@sip.test", body: "again" },
      sip,
    );
    await juliet.settle();
    table.row(["XMPP packets vanish", noticed.toFixed(0), ready.toFixed(0), `answered ${after.status}`, ""]);
    expect(after.status).toBe(202);
    expect(juliet.texts().map(({ body }) => body)).toEqual(["again"]);
    expect(await gateway.counter("xmpp.link.up")).toBeGreaterThan(1);
  });

  test.each(["udp", "tcp"] as const)(
    "the SIP proxy is down by %s, then up: service returns unaided (bug 19)",
    async (transport) => {
      const address = await holdAddress();
      const port = await freePort(address);
      peer = await SipPeer.open({ address, port });
      const running = await startRig({ ...SHORT, proxy: `sip:${address}:${port};transport=${transport}` });
      rig = running;
      const { gateway, juliet } = running;
      await write(juliet, { count: 20, pairs: 20, label: "before" });
      await untilDone(gateway, juliet);
      expect(peer.requests).toHaveLength(20);
      await peer.close();
      await write(juliet, { count: 20, pairs: 20, label: "during" });
      await untilDone(gateway, juliet);
      const errors = juliet.errors();
      await sleep(1_000); // and nobody sends anything meanwhile
      peer = await SipPeer.open({ address, port });
      await write(juliet, { count: 20, pairs: 20, label: "after" });
      await untilDone(gateway, juliet);
      const conditions = countOf([...errors.values()].map(([first]) => first?.error?.condition ?? ""));
      table.row([`SIP proxy down, ${transport}`, "", "", `${peer.requests.length} of 20`, conditions]);
      expect(errors.size).toBe(20);
      expect(peer.requests.map(({ body }) => body.toString()).sort()).toEqual(
        Array.from({ length: 20 }, (_, i) => `after ${i}`).sort(),
      );
      expect(juliet.errors().size).toBe(20);
    },
  );
});
