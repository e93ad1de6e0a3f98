/** What would happen to a message now, and why: each rule on its way, in the order in which it is asked. RFC 7247 §6, RFC 7572. */

import type { UriByRule } from "../address/domains";
import type { Result } from "../result";
import type { XmppDomainRule } from "../tables";
import type { Entered } from "./entered-address";
import type { DonePage, Note } from "./page";

export interface Facts {
  /** Bare JID of the sender. */
  readonly sender: string;
  /** How the sender is called on SIP. */
  readonly senderUri: Result<UriByRule<XmppDomainRule>>;
  readonly entered: Entered;
  /** The rest is asked only where `entered` is somebody. */
  readonly target?: TargetFacts;
}

export interface TargetFacts {
  /** The SIP URI that the request would have. */
  readonly uri: string;
  readonly isLinkUp: boolean;
  /** Where requests of the peer go, in words. */
  readonly way: string;
  /** `closed`: the directory says that he does not use the service; absent: nobody is asked. */
  readonly person?: "known" | "unknown" | "closed" | "unavailable";
  /** The person's own JID, where the one that was entered is an alias. */
  readonly canonical?: string;
  /** Does the sender's own list keep the contact out? */
  readonly isBlocked: boolean;
  /** Devices registered here: a number, `hidden` from whoever may not see the contact; absent: his phones register elsewhere. */
  readonly devices?: number | "hidden";
  /** Does a message wait while he has no device? */
  readonly waits: boolean;
}

type Row = readonly [what: string, result: string];

/** The table and, in one sentence, the end of it. */
export function diagnosisPage(facts: Facts): DonePage {
  const rows: Row[] = [senderRow(facts)];
  let verdict = facts.senderUri.ok ? undefined : failed("the domain of the sender is not served here");
  if (!facts.entered.ok) {
    rows.push(["Address", facts.entered.refusal.text]);
    verdict ??= failed("it could not be addressed");
  } else {
    rows.push(
      ["Read as", facts.entered.readAs],
      ["On XMPP", facts.entered.jid],
      ["Rule", `people of ${facts.entered.rule.sip} live on SIP and are ${facts.entered.rule.xmpp} on XMPP`],
    );
  }
  if (facts.target !== undefined) {
    rows.push(...targetRows(facts.target));
    verdict ??= verdictOn(facts.target);
  }
  return {
    kind: "done",
    table: {
      title: "What would happen to a message now",
      columns: [
        { name: "what", label: "What" },
        { name: "result", label: "Result" },
      ],
      rows,
    },
    notes: [verdict ?? failed("it would be refused")],
  };
}

function senderRow({ sender, senderUri }: Facts): Row {
  if (!senderUri.ok) return ["Sender", `${sender}: ${senderUri.rejection.text}`];
  return ["Sender", `${sender} is ${senderUri.value.uri} on SIP (rule for ${senderUri.value.rule.xmpp})`];
}

function targetRows(target: TargetFacts): Row[] {
  const { uri, isLinkUp, way, person, canonical, isBlocked, devices, waits } = target;
  const alias = canonical === undefined ? "" : `, as ${canonical}`;
  const rows: Row[] = [["On SIP", uri]];
  if (person !== undefined) rows.push(["Directory", PERSON_WORDS[person] + alias]);
  rows.push(["Your block list", isBlocked ? "keeps this contact out" : "says nothing against it"]);
  if (devices === undefined) rows.push(["Next hop", way]);
  else if (devices === "hidden")
    rows.push(["Devices", "register here; only those who may watch this contact see more"]);
  else
    rows.push(["Devices", devices === 0 ? "none is registered here now" : `${devices} registered here now`]);
  if (waits) rows.push(["No device", "a message waits until one registers"]);
  rows.push(["Link to your server", isLinkUp ? "up" : "down: answers cannot come back now"]);
  return rows;
}

function verdictOn({ isBlocked, person, devices, waits, isLinkUp, way }: TargetFacts): Note {
  if (isBlocked) return failed("it would not be sent: you have blocked this contact");
  if (person === "closed") return failed("it would be refused: this contact does not use the service");
  if (person === "unavailable")
    return { type: "warn", text: "A message might wait or fail: the directory cannot be asked now." };
  if (devices === 0 && waits) return passed("it would be kept until a device of the contact registers");
  if (devices === 0) return failed("it would be refused: no device of the contact is registered");
  if (!isLinkUp)
    return { type: "warn", text: "A message would go to SIP, but no answer could come back now." };
  if (devices !== undefined)
    return passed("it would go to the contact's registered devices, if there are any");
  return passed(`it would go to ${way}; whether a phone is there, only the SIP side knows`);
}

function failed(what: string): Note {
  return { type: "error", text: `A message would not arrive: ${what}.` };
}

function passed(what: string): Note {
  return { type: "info", text: `Nothing here is against a message: ${what}.` };
}

const PERSON_WORDS = {
  known: "knows this person",
  unknown: "does not know this person; the SIP side may",
  closed: "says that this person does not use the service",
  unavailable: "cannot be asked at the moment",
} as const;
