/** "Whom do you want to reach?": the prompt, and the JID for what was typed. XEP-0100 §6.3 (jabber:iq:gateway). */

import { child, type Element, element, text } from "../../xml/element";
import type { DomainTable } from "../tables";
import { type Refusal, refusalOf, resultOf } from "./answer";
import { enteredAddress, type NumberPlan } from "./entered-address";
import { SERVICE } from "./namespaces";

/**
 * Answers a get with the prompt and a set with a JID.
 * @param host component host that is asked, lower case
 */
export function answerAddressPrompt(
  iq: Element,
  query: Element,
  host: string,
  domains: DomainTable,
  plan?: NumberPlan,
): Element {
  if (iq.attrs.type === "get") return resultOf(iq, prompt(domains));
  const typed = child(query, SERVICE.gateway, "prompt");
  if (typed === undefined) return refusalOf(iq, NO_PROMPT);
  const entered = enteredAddress(text(typed), host, domains, plan);
  if (!entered.ok) return refusalOf(iq, entered.refusal);
  const jid = element(SERVICE.gateway, "jid", {}, entered.jid);
  return resultOf(iq, element(SERVICE.gateway, "query", {}, jid));
}

function prompt(domains: DomainTable): Element {
  const numbers = domains.sip.some(({ tel }) => tel) ? " or telephone number" : "";
  const description = `Please enter the SIP address${numbers} of the person you would like to contact, such as sip:romeo@${domains.sip[0]?.sip ?? "sip.example"}.`;
  return element(
    SERVICE.gateway,
    "query",
    {},
    element(SERVICE.gateway, "desc", {}, description),
    element(SERVICE.gateway, "prompt", {}, "SIP address"),
  );
}

const NO_PROMPT: Refusal = { type: "modify", condition: "bad-request", text: "Nothing was entered." };
