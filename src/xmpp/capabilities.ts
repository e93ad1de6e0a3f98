/** Entity capabilities: what a phone of ours takes, in its presence, so that PEP sends its events there. XEP-0115 §5, XEP-0163 §4.3.2. */

import { createHash } from "node:crypto";
import { type Element, element } from "../xml/element";
import { NS } from "../xml/namespaces";
import { discovered } from "./features";

/** Names this software, not a place. */
const NODE = "https://isthmus.example/caps";

/** §5.1: identities and features, in order, each ended by `<`. Whoever sends capabilities translates presence. */
function verification(): string {
  const { identities, features } = discovered("full", { presence: true });
  const names = identities.map(({ category, type, name }) => `${category}/${type}//${name ?? ""}`);
  return createHash("sha1")
    .update([...names.sort(), ...[...features].sort()].map((part) => `${part}<`).join(""))
    .digest("base64");
}

const VERIFICATION = verification();

/** The node that a question after these capabilities names. */
export const CAPABILITIES_NODE = `${NODE}#${VERIFICATION}`;

/** The element for presence of our people's devices. */
export const CAPABILITIES: Element = element(NS.caps, "c", { hash: "sha-1", node: NODE, ver: VERIFICATION });
