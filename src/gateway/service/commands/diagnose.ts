/** "What would happen to a message to X now, and why?" The facts are gathered here; core/service/diagnosis says what they mean. */

import { jidSenderToSip, jidTargetToSip } from "../../../core/address/domains";
import { bareJid, parseJid } from "../../../core/address/jid";
import { type Submission, textOf } from "../../../core/forms/form";
import { diagnosisPage, type TargetFacts } from "../../../core/service/diagnosis";
import { type EnteredAddress, enteredAddress } from "../../../core/service/entered-address";
import { again, type FormPage, type Page } from "../../../core/service/page";
import { xmppWatcherKey } from "../../../core/subscription/record";
import { phoneOf } from "../../canonical";
import type { DirectoryAnswer, Person } from "../../sides";
import type { Command } from "../command";
import { type Asker, whenLooked } from "../people";
import type { ServiceParts } from "../sides";

export function diagnose(parts: ServiceParts): Command {
  return {
    node: "diagnose",
    name: "Diagnose an address",
    audience: "people",
    begin: (asker, host) => page(parts, asker, host),
  };
}

function page(parts: ServiceParts, asker: Asker, host: string): FormPage {
  const address = {
    name: "address",
    type: "text-single",
    label: "Address of your contact",
    description: "SIP address, number or JID",
    isRequired: true,
  } as const;
  const sender = {
    name: "sender",
    type: "jid-single",
    label: "Who would write",
    values: [asker.jid],
  } as const;
  const made: FormPage = {
    kind: "form",
    form: {
      title: "Diagnose an address",
      instructions: "See what would happen to a message to somebody on SIP now, and why. Nothing is sent.",
      fields: asker.isAdministrator ? [address, sender] : [address],
    },
    forward: ["complete"],
    submit: (values) => {
      const from = senderOf(values, asker);
      return from === undefined
        ? again(made, "Who would write: this is no JID.")
        : report(parts, { ...asker, jid: from }, textOf(values, "address"), host);
    },
  };
  return made;
}

/** Whoever may not ask for others asks for himself. */
function senderOf(values: Submission, asker: Asker): string | undefined {
  const typed = asker.isAdministrator ? textOf(values, "sender") : "";
  if (typed === "") return asker.jid;
  const jid = parseJid(typed);
  return jid.ok && jid.value.local !== undefined ? bareJid(jid.value) : undefined;
}

async function report(parts: ServiceParts, sender: Asker, address: string, host: string): Promise<Page> {
  const { domains, options } = parts;
  const entered = enteredAddress(address, host, domains, options.numbers);
  const senderUri = jidSenderToSip(sender.jid, domains);
  const facts = { sender: sender.jid, senderUri, entered };
  return diagnosisPage(entered.ok ? { ...facts, target: await targetFacts(parts, sender, entered) } : facts);
}

async function targetFacts(parts: ServiceParts, sender: Asker, target: EnteredAddress): Promise<TargetFacts> {
  const { domains, directory, isUp, wayTo, lists, waits } = parts;
  const found = directory && (await whenLooked(directory.byJid(target.jid), (answer) => answer));
  // Whoever has several addresses is reached under his own (gateway/whois).
  const person = found?.kind === "found" ? found.value : undefined;
  const jid = person === undefined ? target.jid : (phoneOf(person, domains) ?? person).jid;
  const mapped = jidTargetToSip(jid, domains);
  const rule = mapped.ok ? mapped.value.rule : target.rule;
  const devices = devicesOf(parts, sender, jid);
  return {
    uri: mapped.ok ? mapped.value.uri : `none: ${jid} lives on XMPP`,
    isLinkUp: isUp(rule.xmpp),
    // Addresses inside somebody's network are for those who run it.
    way: sender.isAdministrator ? wayTo(rule.peer) : `the SIP server called ${rule.peer}`,
    ...(found === undefined ? {} : { person: standing(found) }),
    ...(jid === target.jid ? {} : { canonical: jid }),
    isBlocked: lists?.reach(sender.jid, jid) === "own-block",
    ...(devices === undefined ? {} : { devices }),
    waits: waits?.(jid) === true,
  };
}

function standing(answer: DirectoryAnswer<Person>): NonNullable<TargetFacts["person"]> {
  if (answer.kind !== "found") return answer.kind;
  return answer.value.isAllowed ? "known" : "closed";
}

/** How many phones somebody has on is presence: for those whom he has let see it. */
function devicesOf(
  { devices, subscriptions }: ServiceParts,
  asker: Asker,
  jid: string,
): number | "hidden" | undefined {
  if (devices?.serves(jid) !== true) return undefined;
  const watching = subscriptions?.get(xmppWatcherKey(asker.jid, jid));
  const maySee = asker.isAdministrator || (watching?.direction === "xmpp-watcher" && watching.authorized);
  return maySee ? devices.devicesOf(jid).length : "hidden";
}
