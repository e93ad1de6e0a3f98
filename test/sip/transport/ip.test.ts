/** One spelling for each address. RFC 4291 §2.5, RFC 5952. */

import { canonicalAddress, familyOf, showHostPort } from "../../../src/sip/transport/ip";

test.each<[string, string | undefined]>([
  ["192.0.2.1", "192.0.2.1"],
  ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
  ["[2001:db8::1]", "2001:db8::1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::ffff:c000:201", "192.0.2.1"],
  ["fe80::1%eth0", "fe80::1%eth0"],
  ["FE80:0::1%eth0", "fe80::1%eth0"],
  ["::", "::"],
  ["192.0.2.256", undefined],
  ["192.0.2", undefined],
  ["010.0.0.1", undefined],
  ["0x7f000001", undefined],
  ["[192.0.2.1", undefined],
  ["sip.example", undefined],
  ["", undefined],
])("%s is %s", (host, address) => {
  expect(canonicalAddress(host)).toBe(address);
});

test("families and printing", () => {
  expect([familyOf("192.0.2.1"), familyOf("::1"), familyOf("sip.example")]).toEqual([4, 6, undefined]);
  expect([showHostPort("192.0.2.1", 5060), showHostPort("::1", 5060)]).toEqual([
    "192.0.2.1:5060",
    "[::1]:5060",
  ]);
});
