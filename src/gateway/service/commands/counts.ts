/** Figures of the running gateway, for administrators. In the style of XEP-0133 §4.13 to §4.18. */

import type { Command } from "../command";
import type { ServiceParts } from "../sides";

export function counts({ counters, subscriptions, figures }: ServiceParts): Command {
  return {
    node: `${ADMIN}counts`,
    name: "Counts",
    audience: "administrators",
    begin: () => {
      const rows: (readonly [string, string])[] = [];
      if (subscriptions !== undefined) rows.push(["subscriptions", String(subscriptions.count())]);
      for (const [name, value] of Object.entries(figures?.() ?? {})) rows.push([name, String(value)]);
      const counted = Object.entries(counters.all()).sort(([one], [other]) => (one < other ? -1 : 1));
      for (const [name, value] of counted) rows.push([name, String(value)]);
      const columns = [
        { name: "name", label: "What" },
        { name: "value", label: "Count" },
      ];
      const title = "Counts since the gateway started";
      return { kind: "done", table: { title, columns, rows: rows.slice(0, MOST_SHOWN) }, notes: [] };
    },
  };
}

/** In front of the nodes that are for administrators. */
export const ADMIN = "admin#";
/** There are some hundred counters. */
const MOST_SHOWN = 1_000;
