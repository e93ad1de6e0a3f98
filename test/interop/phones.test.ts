/**
 * The rig itself: real SIP tools, phones and a proxy, without the gateway.
 * @jest-environment ./test/support/environment.ts
 */

import { join } from "node:path";
import { startBaresip } from "../support/baresip";
import { makeCertificates } from "../support/certificates";
import { startKamailio } from "../support/kamailio";
import { startLinphone } from "../support/linphone";
import { freePort, holdAddress } from "../support/ports";
import { temporaryFolder } from "../support/processes";
import { needs } from "../support/requires";
import { header, SipPeer } from "../support/sip-peer";
import { messageScenario, runSipp, startSippUas } from "../support/sipp";
import { runSipsak } from "../support/sipsak";

jest.setTimeout(60_000);

let peer: SipPeer;
const certificates = makeCertificates(join(temporaryFolder("phones"), "ca"), {
  proxy: { dns: ["proxy.test"], ips: ["127.0.0.1"] },
});

beforeAll(async () => {
  const address = await holdAddress();
  const { key, certificate } = certificates.of.proxy;
  peer = await SipPeer.open({
    address,
    port: await freePort(address),
    tls: { key, certificate, ca: certificates.ca },
  });
});

afterAll(() => peer.close());

beforeEach(() => {
  peer.requests.length = 0;
});

const target = () => ({ address: peer.address, port: peer.port });
const TEXT = "Γειά σου, Ἰουλία; 你好 🌹 <&>";

describe.each(["udp", "tcp"] as const)("over %s", (transport) => {
  needs(["sip-tester"], "SIPp", () => {
    test("SIPp sends a MESSAGE and counts its answer", async () => {
      peer.answer = () => ({ status: 202 });
      const scenario = messageScenario({ to: "sip:juliet@x.test", from: "sip:romeo@y.test", body: TEXT });
      const result = await runSipp({ scenario, target: target(), transport, calls: 3 });
      expect(result).toMatchObject({ successful: 3, failed: 0, exitCode: 0 });
      expect(result.statuses).toEqual(new Map([[202, 3]]));
      for (let call = 0; call < 3; call++) {
        expect((await peer.next()).body.toString()).toBe(TEXT);
      }
    });

    test("SIPp as UAS records the body octet for octet", async () => {
      const uas = await startSippUas({ transport });
      const end = await peer.send(
        { to: "sip:a@x.test", from: "sip:b@y.test", body: TEXT.repeat(500) },
        { transport, address: uas.address, port: uas.port },
      );
      expect(end.status).toBe(200);
      expect((await uas.received(1)).map(String)).toEqual([TEXT.repeat(500)]);
      await uas.stop();
    });
  });

  needs(["sipsak"], "sipsak", () => {
    test.each([202, 404])("sipsak sends a MESSAGE and reports %d", async (status) => {
      peer.answer = () => ({ status });
      const result = await runSipsak({
        to: "sip:juliet@x.test",
        from: "sip:romeo@y.test",
        body: TEXT,
        target: target(),
        transport,
      });
      expect(result.status).toBe(status);
      expect((await peer.next()).body.toString()).toBe(TEXT);
    });
  });
});

needs(["kamailio"], "Kamailio", () => {
  test.each(["udp", "tcp", "tls"] as const)(
    "relays by %s, and answers 404 without a route",
    async (transport) => {
      peer.answer = () => ({ status: 202 });
      const port = transport === "tls" ? peer.port + 1 : peer.port;
      const { certificateFile, keyFile } = certificates.of.proxy;
      const kamailio = await startKamailio({
        routes: [["x.test", `sip:${peer.address}:${port};transport=${transport}`]],
        tls: { certificateFile, keyFile, caFile: certificates.caFile },
      });
      const via = {
        transport,
        address: kamailio.address,
        port: transport === "tls" ? kamailio.tlsPort : kamailio.sipPort,
      };
      const there = await peer.send({ to: "sip:juliet@x.test", from: "sip:romeo@y.test", body: TEXT }, via);
      expect(there.status).toBe(202);
      expect(await peer.next()).toMatchObject({ transport, body: Buffer.from(TEXT) });
      const nowhere = await peer.send({ to: "sip:juliet@z.test", from: "sip:romeo@y.test", body: TEXT }, via);
      expect(nowhere.status).toBe(404);
      await kamailio.stop();
    },
  );
});

needs(["baresip"], "baresip", () => {
  test.each(["udp", "tcp", "tls"] as const)(
    "sends over %s, shows the refusal, and displays what comes",
    async (transport) => {
      const port = transport === "tls" ? peer.port + 1 : peer.port;
      const baresip = await startBaresip({
        aor: "romeo@y.test",
        contacts: ["sip:nurse@x.test", "sip:juliet@x.test"],
        proxy: { address: peer.address, port, transport },
        tls: {
          certificateAndKey: `${certificates.of.proxy.certificate}${certificates.of.proxy.key}`,
          caFile: certificates.caFile,
        },
      });
      peer.answer = () => ({ status: 404, reason: "Not Found" });
      await baresip.message("sip:juliet@x.test", "hello ☃");
      const request = await peer.next();
      expect(request).toMatchObject({ transport, startLine: "MESSAGE sip:juliet@x.test SIP/2.0" });
      expect(request.body.toString()).toBe("hello ☃");
      expect(header(request, "From")).toMatch(/^<sip:romeo@y\.test>;tag=/);
      await baresip.until("refusal", (log) => log.includes("404 Not Found"));
      const end = await peer.send(
        { to: `sip:romeo@${baresip.address}:${baresip.port}`, from: "sip:juliet@x.test", body: "one\ntwo ☃" },
        { transport: "udp", address: baresip.address, port: baresip.port },
      );
      expect(end.status).toBe(200);
      await baresip.until("message", () => baresip.received().length > 0);
      expect(baresip.received()).toEqual(["one\ntwo ☃"]);
      await baresip.stop();
    },
  );
});

needs(["linphone-cli"], "linphone", () => {
  test.each(["udp", "tcp"] as const)("sends over %s and takes what comes", async (transport) => {
    peer.answer = () => ({ status: 202 });
    const linphone = await startLinphone({
      aor: "romeo@y.test",
      proxy: { address: peer.address, port: peer.port, transport },
    });
    linphone.message("sip:juliet@x.test", "hello ☃");
    const request = await peer.next((r) => r.startLine.startsWith("MESSAGE"));
    expect(request).toMatchObject({ transport, startLine: "MESSAGE sip:juliet@x.test SIP/2.0" });
    expect(request.body.toString()).toBe("hello ☃");
    await linphone.stop();
  });
});
