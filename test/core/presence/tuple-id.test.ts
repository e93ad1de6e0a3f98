/** Resource ↔ tuple id: RFC 8048 §6.2 note 2. */

import fc from "fast-check";
import { enforceResource } from "../../../src/core/address/jid";
import { resourceOf, tupleIdOf } from "../../../src/core/presence/tuple-id";
import { anyText } from "../../support/any-text";

test.each([
  ["yn0cl4bnw0yr3vym", "ID-yn0cl4bnw0yr3vym"],
  ["1", "ID-1"],
  ["", "ID-"],
  ["ward 7", "ID-ward_207"],
  ["a/b&c", "ID-a_2Fb_26c"],
  ["under_score", "ID-under_5Fscore"],
  ["ID-x", "ID-ID-x"],
  ["🌙", "ID-_F0_9F_8C_99"],
  ["příč", "ID-p_C5_99_C3_AD_C4_8D"],
])("%s is %s, and comes back", (resource, id) => {
  expect(tupleIdOf(resource)).toBe(id);
  expect(resourceOf(id)).toBe(resource);
});

test.each([
  ["orchard", "orchard", "no prefix of ours"],
  ["t4109", "t4109", "baresip's"],
  ["ID-foo_bar", "ID-foo_bar", "an escape that we would not write"],
  ["ID-a_2fb", "ID-a_2fb", "lower case"],
  ["ID-_41", "ID-_41", "a letter that needs no escape"],
  ["ID-_FF", "ID-_FF", "no UTF-8"],
  ["ID-_20x", "", "a resource may not begin with a space"],
  ["ID-_00", "", "nor hold a control"],
  [" ", "", "nothing"],
  ["\u0007", "", "no resource at all"],
])("%j is the resource %j: %s", (id, resource) => {
  expect(resourceOf(id)).toBe(resource);
});

test("a long id is cut where a resource ends", () => {
  expect(resourceOf("x".repeat(5000))).toBe("x".repeat(1023));
  expect(resourceOf(`ID-${"_F0_9F_8C_99".repeat(255)}`)).toBe("🌙".repeat(255));
});

test("the longest resource comes back", () => {
  const longest = `${"🌙".repeat(255)}abc`;
  expect(resourceOf(tupleIdOf(longest))).toBe(longest);
});

test("every resource has one id that is an xs:ID, and comes back", () => {
  const resources = fc
    .oneof(fc.string({ unit: "grapheme", maxLength: 200 }), anyText({ maxLength: 200 }))
    .map((text) => enforceResource(text))
    .filter((result) => result.ok)
    .map((result) => result.value);
  fc.assert(
    fc.property(resources, (resource) => {
      const id = tupleIdOf(resource);
      expect(id).toMatch(/^[A-Za-z_][A-Za-z0-9._-]*$/);
      expect(resourceOf(id)).toBe(resource);
    }),
  );
});

test("whatever an id is, it makes a resource or none", () => {
  fc.assert(
    fc.property(anyText({ maxLength: 2000 }), (id) => {
      const resource = resourceOf(id);
      expect(resource === "" || enforceResource(resource)).toEqual(
        resource === "" || { ok: true, value: resource },
      );
    }),
  );
});
