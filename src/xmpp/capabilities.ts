/** Entity capabilities: what a phone of ours takes, in its presence, so that PEP sends its events there. XEP-0115 §5, XEP-0163 §4.3.2. */

import { createHash } from "node:crypto";
import { type Element, element } from "../xml/element";
import { NS } from "../xml/namespaces";
import { DISCOVERED } from "./features";

/** Names this software, not a place. */
const NODE = "https://isthmus.example/caps";

/** §5.1: identity and features, in order, each ended by `<`. */
function verification(): string {
  const { identity, features } = DISCOVERED.full;
  const text = [`${identity.category}/${identity.type}//${identity.name ?? ""}`, ...[...features].sort()];
  return createHash("sha1")
    .update(text.map((part) => `${part}<`).join(""))
    .digest("base64");
}

const VERIFICATION = verification();

/** The node that a question after these capabilities names. */
export const CAPABILITIES_NODE = `${NODE}#${VERIFICATION}`;

/** The element for presence of our people's devices. */
export const CAPABILITIES: Element = element(NS.caps, "c", { hash: "sha-1", node: NODE, ver: VERIFICATION });
