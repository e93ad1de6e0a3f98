/** Service discovery of our addresses; the nodes of commands are the service's. XEP-0030 §3 and §4. */

import { SERVICE } from "../../core/service/namespaces";
import { type Element, element } from "../../xml/element";
import { CAPABILITIES_NODE } from "../capabilities";
import { discovered, type Offered, QUERY, type Whom } from "../features";

/** §3.1; §3.2 for a node, of which the XMPP side has that of XEP-0115 alone. */
export function info(query: Element, whom: Whom, offered: Offered, to: string): Element | "elsewhere" {
  const { node } = query.attrs;
  if (node !== undefined && !(whom === "full" && offered.presence && node === CAPABILITIES_NODE))
    return "elsewhere";
  const { identities, features } = discovered(whom, offered, to);
  return element(
    QUERY.info,
    "query",
    { node },
    ...identities.map(({ category, type, name }) =>
      element(QUERY.info, "identity", { category, type, name }),
    ),
    ...features.map((feature) => element(QUERY.info, "feature", { var: feature })),
  );
}

/** §4.1: people are not listed; XEP-0050 §2.2: commands are found by their node. */
export function items(query: Element, whom: Whom, { service }: Offered, to: string): Element | "elsewhere" {
  if (query.attrs.node !== undefined) return "elsewhere";
  const hasCommands =
    whom === "host" && service?.offers.host(to).features.includes(SERVICE.commands) === true;
  const commands = { jid: to, node: SERVICE.commands, name: "Commands" };
  return element(QUERY.items, "query", {}, hasCommands ? element(QUERY.items, "item", commands) : undefined);
}
