import { createHash } from "node:crypto";
import { childElements, type Element, element } from "../../src/xml/element";
import { CAPABILITIES, CAPABILITIES_NODE } from "../../src/xmpp/capabilities";
import { answerIq } from "../../src/xmpp/iq/answer";

const CONTEXT = { presence: true, software: { name: "Isthmus", version: "1" }, now: 0, startedAt: 0 };
const INFO = "http://jabber.org/protocol/disco#info";

function ask(to: string, node: string | undefined) {
  const query = element(INFO, "query", { node });
  const iq = element(
    "jabber:client",
    "iq",
    { type: "get", id: "1", from: "juliet@xmpp.example/a", to },
    query,
  );
  return answerIq(iq, CONTEXT) as Element | undefined;
}

test("the answer for the node hashes to the capabilities that presence names (XEP-0115 §5.1)", () => {
  const [query] = childElements(ask("romeo@sip.example/phone", CAPABILITIES_NODE) as never);
  const parts = childElements(query as never);
  const identity = parts.find(({ name }) => name === "identity")?.attrs;
  const features = parts.filter(({ name }) => name === "feature").map(({ attrs }) => attrs.var ?? "");
  const text = [`${identity?.category}/${identity?.type}//`, ...features.sort()]
    .map((part) => `${part}<`)
    .join("");
  expect(createHash("sha1").update(text).digest("base64")).toBe(CAPABILITIES.attrs.ver);
  expect(query?.attrs.node).toBe(CAPABILITIES_NODE);
  expect(features).toContain("http://jabber.org/protocol/mood+notify");
});

test.each([
  ["another node", "romeo@sip.example/phone", "https://isthmus.example/caps#other"],
  ["a person, who has no device's capabilities", "romeo@sip.example", CAPABILITIES_NODE],
])("%s is not found", (_what, to, node) => {
  expect(ask(to, node)?.attrs.type).toBe("error");
});
