import {
  INVITE_EVENTS,
  INVITE_ROWS,
  INVITE_STATES,
  INVITE_TABLE,
} from "../../../src/sip/transaction/invite-server-table";
import {
  CLIENT_EVENTS,
  CLIENT_ROWS,
  CLIENT_STATES,
  CLIENT_TABLE,
} from "../../../src/sip/transaction/non-invite-client-table";
import {
  SERVER_EVENTS,
  SERVER_ROWS,
  SERVER_STATES,
  SERVER_TABLE,
} from "../../../src/sip/transaction/non-invite-server-table";
import { stateTable } from "../../../src/sip/transaction/state-table";

const MACHINES = [
  ["non-INVITE client", CLIENT_STATES, CLIENT_EVENTS, CLIENT_ROWS, CLIENT_TABLE],
  ["non-INVITE server", SERVER_STATES, SERVER_EVENTS, SERVER_ROWS, SERVER_TABLE],
  ["INVITE server", INVITE_STATES, INVITE_EVENTS, INVITE_ROWS, INVITE_TABLE],
] as const;

test.each(MACHINES)(
  "every state × event of the %s transaction has one row with a section",
  (_n, states, events, rows, table) => {
    expect(rows).toHaveLength(states.length * events.length);
    for (const state of states) {
      for (const event of events) {
        const row = (table as Record<string, Record<string, { rule: string }>>)[state]?.[event];
        expect(row).toMatchObject({ state, event, rule: expect.stringMatching(/§\d/) });
      }
    }
  },
);

test.each(MACHINES)("nothing leaves the terminated state of the %s transaction", (_n, _s, _e, rows) => {
  const last = rows.filter((row) => row.state === "terminated");
  expect(last.every((row) => row.next === "terminated" && row.actions.length === 0)).toBe(true);
});

test.each(MACHINES)("a row of the %s transaction without actions says why", (_n, _s, _e, rows) => {
  const silent = rows.filter((row) => row.actions.length === 0 && row.next === row.state);
  expect(silent.every((row) => row.rule.includes(":"))).toBe(true);
});

test("a row that comes twice, or is missing, is found at load (architecture E7)", () => {
  const row = { state: "a", event: "x", next: "a", actions: [], rule: "§1" } as const;
  expect(() => stateTable<"a", "x", never>(["a"], ["x"], [row, row])).toThrow("two rows for a × x");
  expect(() => stateTable<"a", "x", never>(["a"], ["x"], [])).toThrow("no row for a × x");
});
