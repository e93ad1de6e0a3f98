import { statusToCondition } from "../../src/core/error/sip-to-xmpp";
import { conditionToStatus } from "../../src/core/error/xmpp-to-sip";
import { SHIPPED } from "../support/shipped-tables";
import { vectorsOf } from "./vectors";

const table = SHIPPED.errors;

interface StatusExpected {
  readonly none?: boolean;
  readonly condition?: string;
  readonly typeOneOf?: readonly string[];
  readonly conditionText?: string;
  readonly conditionTextOneOf?: readonly string[];
}

test.each(vectorsOf<{ status: number; contact?: string }, StatusExpected>("error-sip-to-xmpp"))(
  "%s",
  (_, { input, expect: wanted }) => {
    const contacts = input.contact === undefined ? [] : [input.contact];
    const error = statusToCondition({ status: input.status, reason: "", contacts }, table);
    expect(error?.condition).toBe(wanted.none ? undefined : wanted.condition);
    if (wanted.typeOneOf) expect(wanted.typeOneOf).toContain(error?.type);
    if (wanted.conditionText !== undefined) expect(error?.address ?? "").toBe(wanted.conditionText);
    if (wanted.conditionTextOneOf) expect(wanted.conditionTextOneOf).toContain(error?.address ?? "");
  },
);

interface ConditionInput {
  readonly condition: string;
  readonly conditionText?: string;
  readonly from: string;
  readonly sipMethod: string;
}

interface ConditionExpected {
  readonly statusOneOf: readonly number[];
  readonly statusNot?: readonly number[];
  readonly contact?: string;
}

test.each(vectorsOf<ConditionInput, ConditionExpected>("error-xmpp-to-sip"))(
  "%s",
  (_, { input, expect: wanted }) => {
    const target = input.from.includes("/") ? "full" : "bare";
    const address = input.conditionText;
    const error = {
      condition: input.condition,
      target,
      ...(address === undefined ? {} : { address }),
    } as const;
    const answer = conditionToStatus(error, table, input.sipMethod);
    const challenge = wanted.statusOneOf.find((status) => status === 401 || status === 407);
    if (challenge === undefined) {
      expect(wanted.statusOneOf).toContain(answer.status);
    } else {
      // These vectors' own notes: without a challenge, which the status must carry, the answer is 403.
      expect(table.toSip.get(input.condition)?.[target]).toBe(challenge);
      expect(answer.status).toBe(403);
    }
    expect(wanted.statusNot ?? []).not.toContain(answer.status);
    if (wanted.contact !== undefined)
      expect(answer.headers).toContainEqual(["Contact", `<${wanted.contact}>`]);
    if (answer.status === 405) expect(answer.headers.map(([name]) => name)).toContain("Allow");
  },
);
