/** TLS on real sockets with real certificates. RFC 5922 §7, RFC 3261 §26.3.1. */

import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type TLSSocket } from "node:tls";
import type { Target, TlsOptions } from "../../../src/sip/transport/transport";
import { type Certificates, makeCertificates } from "../../support/certificates";
import { client, request, type Station, station, stopAll, until } from "./support";

const TLS = [{ transport: "tls", address: "127.0.0.1" }] as const;
type Name = keyof typeof REQUESTS;
const REQUESTS = {
  uri: { uris: ["sip:sip.example", "sip:romeo@sip.example", "https://web.example"], dns: ["host.example"] },
  dns: { dns: ["sip.example", "other.example"] },
  wildcard: { dns: ["*.example"] },
  address: { ips: ["127.0.0.1"] },
  expired: { dns: ["sip.example"], expired: true },
  selfSigned: { dns: ["sip.example"], selfSigned: true },
  peer: { dns: ["peer.example"] },
  unnamed: { commonName: "sip.example" },
} as const;

let dir: string;
let certificates: Certificates<Name>;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "isthmus-tls-"));
  certificates = makeCertificates(dir, REQUESTS);
});
afterEach(stopAll);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test.each([
  ["a DNS name", "dns"],
  ["a sip URI", "uri"],
  ["the CN where there is no other name", "unnamed"],
] as const)("a server is believed by %s (RFC 5922 §7.1)", async (_what, name) => {
  const { ours, theirs } = await pair(name);
  expect(await ours.transports.send(request("secret"), towards(theirs))).toMatchObject({ ok: true });
  const { bytes, source } = await theirs.message(0);
  expect(bytes).toEqual(request("secret"));
  expect(source).toMatchObject({ transport: "tls", tlsIdentities: [] });
  await theirs.transports.reply(request("answer"), source, source);
  expect((await ours.message(0)).source.tlsIdentities).toContain("sip.example");
});

test("a server that is configured by address proves the address", async () => {
  const { ours, theirs } = await pair("address");
  expect(await ours.transports.send(request(), theirs.transports.listeners()[0]!)).toMatchObject({
    ok: true,
  });
  const other = await pair("dns");
  const refused = await other.ours.transports.send(request(), other.theirs.transports.listeners()[0]!);
  expect(refused).toMatchObject({ ok: false, why: expect.stringContaining("does not name 127.0.0.1") });
});

test.each([
  ["another domain's certificate", "peer", "does not name sip.example, but peer.example"],
  ["a wildcard (RFC 5922 §7.2)", "wildcard", "does not name sip.example, but *.example"],
  ["an expired certificate", "expired", "CERT_HAS_EXPIRED"],
  ["a certificate that signed itself", "selfSigned", "DEPTH_ZERO_SELF_SIGNED_CERT"],
] as const)("%s is refused, the reason is told, and no octet is handed over", async (_what, name, why) => {
  const { ours, theirs } = await pair(name);
  const result = await ours.transports.send(request("secret"), towards(theirs));
  expect(result).toMatchObject({ ok: false, why: expect.stringContaining(`certificate refused: `) });
  expect(result).toMatchObject({ why: expect.stringContaining(why) });
  expect(theirs.came).toEqual([]);
});

test("a DNS name does not count beside a sip URI (RFC 5922 §7.1)", async () => {
  const { ours, theirs } = await pair("uri");
  const result = await ours.transports.send(request(), towards(theirs, "host.example"));
  expect(result).toMatchObject({ ok: false, why: expect.stringContaining("does not name host.example") });
});

test("a connection that proved one domain is not used for another (RFC 5923 §8.1)", async () => {
  const { ours, theirs } = await pair("dns");
  for (const domain of ["sip.example", "other.example", "SIP.example"]) {
    expect(await ours.transports.send(request(domain), towards(theirs, domain))).toMatchObject({ ok: true });
  }
  expect(ours.counters.get("sip.stream.dialled")).toBe(1);
  expect(await ours.transports.send(request(), towards(theirs, "third.example"))).toMatchObject({
    ok: false,
  });
  expect(theirs.came.length).toBeLessThanOrEqual(3);
});

test("a phone without a certificate is reached on the connection that it opened, while that is open (RFC 5626, in part)", async () => {
  const { ours: phone, theirs: gateway } = await pair("dns");
  await phone.transports.send(request("subscribe"), towards(gateway));
  const { source } = await gateway.message(0);
  const { transport, address, port, connection = 0 } = source;
  expect(gateway.transports.isConnected?.(connection)).toBe(true);
  const back = await gateway.transports.send(request("notify"), { transport, address, port, connection });
  expect(back).toEqual({ ok: true, connection });
  expect((await phone.message(0)).bytes).toEqual(request("notify"));
  expect(gateway.counters.get("sip.stream.dialled")).toBe(0);
  await phone.transports.stop();
  await until(() => gateway.transports.isConnected?.(connection) === false);
});

test("messages sent during the handshake share it, and wait for the certificate", async () => {
  const { ours, theirs } = await pair("dns");
  const sent = await Promise.all(
    Array.from({ length: 20 }, (_, at) => ours.transports.send(request(`${at}`), towards(theirs))),
  );
  expect(sent.every((result) => result.ok)).toBe(true);
  await theirs.message(19);
  expect(theirs.counters.get("sip.stream.accepted")).toBe(1);
});

test("SNI names the domain (RFC 5922 §7.8)", async () => {
  const { ours, theirs } = await pair("dns");
  const seen: (string | false | null)[] = [];
  const { certificate: cert, key } = certificates.of.dns;
  const server = createServer({ cert, key }, (socket) => seen.push(socket.servername));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address!.port : 0;
  await ours.transports.send(request(), { ...towards(theirs), port });
  await until(() => seen.length === 1);
  expect(seen).toEqual(["sip.example"]);
  server.close();
});

test("a client's certificate gives its identities where it is asked for (RFC 5922 §7.4)", async () => {
  const theirs = await station(TLS, { tls: options("dns", "ask") });
  const ours = await station(TLS, { tls: options("peer", "none") });
  await ours.transports.send(request(), towards(theirs));
  expect((await theirs.message(0)).source.tlsIdentities).toEqual(["peer.example"]);
});

test.each([
  ["none", undefined],
  ["one that signed itself", "selfSigned"],
] as const)("asked for and shown %s: served, without an identity", async (_what, shown) => {
  const theirs = await station(TLS, { tls: options("dns", "ask") });
  const socket = await bare(theirs, shown);
  socket.write(request());
  expect((await theirs.message(0)).source.tlsIdentities).toEqual([]);
  socket.destroy();
});

test.each([
  ["none", undefined],
  ["one that signed itself", "selfSigned"],
  ["an expired one", "expired"],
] as const)("required and shown %s: the handshake fails", async (_what, shown) => {
  const theirs = await station(TLS, { tls: options("dns", "require") });
  const socket = await bare(theirs, shown).catch(() => undefined);
  socket?.write(request());
  await until(() => theirs.counters.get("sip.tls.handshake-errors") === 1);
  expect(theirs.came).toEqual([]);
  socket?.destroy();
});

test("versions before TLS 1.2 are refused (RFC 8996)", async () => {
  const theirs = await station(TLS, { tls: options("dns", "none") });
  await expect(bare(theirs, undefined, { maxVersion: "TLSv1.1", minVersion: "TLSv1" })).rejects.toThrow();
  const socket = await bare(theirs, undefined, { maxVersion: "TLSv1.2" });
  expect(socket.getProtocol()).toBe("TLSv1.2");
  socket.destroy();
});

test("plain text, and a caller who says nothing, do no harm to a TLS listener", async () => {
  const { ours, theirs } = await pair("dns", { connectTimeoutMs: 200 });
  const { port } = theirs.transports.listeners()[0]!;
  const plain = await client(port);
  plain.socket.write("MESSAGE sip:a@b SIP/2.0\r\n\r\n");
  const silent = await client(port);
  await until(() => theirs.counters.get("sip.tls.handshake-errors") === 2);
  await until(() => silent.socket.readyState === "closed");
  expect(await ours.transports.send(request(), towards(theirs))).toMatchObject({ ok: true });
});

test("a key that does not fit is a sentence at start", async () => {
  const tls = { ...options("dns", "none"), key: certificates.of.peer.key };
  await expect(station(TLS, { tls })).rejects.toThrow("tls certificate, key or ca cannot be used");
  await expect(station(TLS)).rejects.toThrow("tls listener 127.0.0.1:0 cannot be opened: no certificate");
});

/** A caller and a server that shows this certificate; both believe the test's authority. */
async function pair(
  name: Name,
  more: { connectTimeoutMs?: number } = {},
): Promise<{ ours: Station; theirs: Station }> {
  const theirs = await station(TLS, { tls: options(name, "none"), ...more });
  const ours = await station(TLS, { tls: options("peer", "none") });
  return { ours, theirs };
}

function options(name: Name, clientCertificate: TlsOptions["clientCertificate"]): TlsOptions {
  const { certificate, key } = certificates.of[name];
  return { certificate, key, ca: certificates.ca, clientCertificate };
}

function towards(of: Station, tlsDomain = "sip.example"): Target {
  return { ...of.transports.listeners()[0]!, tlsDomain };
}

/** A bare TLS client that shows this certificate or none. */
async function bare(of: Station, shown: Name | undefined, more: object = {}): Promise<TLSSocket> {
  const own =
    shown === undefined ? {} : { cert: certificates.of[shown].certificate, key: certificates.of[shown].key };
  const { port } = of.transports.listeners()[0]!;
  const socket = connect({
    port,
    host: "127.0.0.1",
    servername: "sip.example",
    ca: certificates.ca,
    ...own,
    ...more,
  });
  await once(socket, "secureConnect");
  socket.on("error", () => {});
  return socket;
}
