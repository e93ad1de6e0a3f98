import { digestAlgorithm, digestHa1, digestResponse } from "../../../src/sip/auth/digest";

const NO_BODY = Buffer.alloc(0);
const RFC7616 = {
  method: "GET",
  uri: "/dir/index.html",
  nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
  protection: { qop: "auth", nc: "00000001", cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ" },
  body: NO_BODY,
} as const;

test.each([
  ["MD5", "8ca523f5e9506fed4657c9700eebdbec"],
  ["SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"],
] as const)("the worked example of RFC 7616 §3.9.1 with %s", (algorithm, expected) => {
  const ha1 = digestHa1(algorithm, "Mufasa", "http-auth@example.org", "Circle of Life");
  expect(digestResponse({ ...RFC7616, algorithm, ha1 })).toBe(expected);
});

test("the worked example of RFC 2617 §3.5", () => {
  const ha1 = digestHa1("MD5", "Mufasa", "testrealm@host.com", "Circle Of Life");
  const nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
  const protection = { qop: "auth", nc: "00000001", cnonce: "0a4f113b" } as const;
  expect(digestResponse({ ...RFC7616, algorithm: "MD5", ha1, nonce, protection })).toBe(
    "6629fae49393a05397450978507c4ef1",
  );
  // Without qop, as RFC 2069 had it: H(HA1:nonce:HA2).
  expect(digestResponse({ ...RFC7616, algorithm: "MD5", ha1, nonce, protection: { qop: "legacy" } })).toBe(
    "670fd8c2df070c60b045671b8b24ff02",
  );
});

test("auth-int signs the body too (RFC 7616 §3.4.3)", () => {
  const ha1 = digestHa1("SHA-256", "romeo", "xmpp.test", "secret");
  const of = (body: string) =>
    digestResponse({
      ...RFC7616,
      algorithm: "SHA-256",
      ha1,
      protection: { ...RFC7616.protection, qop: "auth-int" },
      body: Buffer.from(body),
    });
  expect(of("a")).not.toBe(of("b"));
  expect(of("a")).toMatch(/^[0-9a-f]{64}$/);
});

test("algorithms by name, absent meaning MD5 (RFC 7616 §3.3)", () => {
  expect(digestAlgorithm(undefined)).toBe("MD5");
  expect(digestAlgorithm("sha-256")).toBe("SHA-256");
  expect(digestAlgorithm("SHA-512-256")).toBe("SHA-512-256");
  expect(digestAlgorithm("MD5-sess")).toBeUndefined();
});
