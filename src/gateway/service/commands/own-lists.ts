/** Block, allow, take off a list again, let in only those who are allowed: a person edits his own lists. XEP-0191 §3.2. */

import { enforceDomain } from "../../../core/address/jid";
import { type Submission, textOf } from "../../../core/forms/form";
import { isYes } from "../../../core/forms/read-form";
import type { Result } from "../../../core/result";
import { enteredAddress, type NumberPlan } from "../../../core/service/entered-address";
import { again, done, type FormPage, type Page } from "../../../core/service/page";
import type { DomainTable } from "../../../core/tables";
import type { Command } from "../command";
import type { Lists } from "../sides";

export interface ListDesk {
  readonly lists: Lists;
  readonly domains: DomainTable;
  readonly numbers?: NumberPlan | undefined;
}

export function block(desk: ListDesk): Command {
  return {
    node: "block",
    name: "Block somebody on SIP",
    audience: "people",
    begin: ({ jid }, host) =>
      whomPage(desk, host, {
        title: "Block somebody on SIP",
        instructions:
          "You will look offline to whom you block, and nothing of theirs reaches you. They are not told.",
        take: async (entry) => taken(await desk.lists.block(jid, entry), `${entry} is blocked.`),
      }),
  };
}

export function allow(desk: ListDesk): Command {
  return {
    node: "allow",
    name: "Allow somebody on SIP",
    audience: "people",
    begin: ({ jid }, host) =>
      whomPage(desk, host, {
        title: "Allow somebody on SIP",
        instructions: "Whom you allow reaches you even where you have blocked their whole domain.",
        take: async (entry) => taken(await desk.lists.allow(jid, entry), `${entry} is allowed.`),
      }),
  };
}

export function unblock({ lists }: ListDesk): Command {
  return {
    node: "unblock",
    name: "My lists; unblock somebody",
    audience: "people",
    begin: async ({ jid }) => {
      const { allowed, blocked } = await lists.listsOf(jid);
      if (allowed.length + blocked.length === 0) return done("Your lists are empty.");
      return unlistPage(lists, jid, allowed, blocked);
    },
  };
}

/** A list that is as good as a closed door for whoever is not on it. */
export function onlyAllowed({ lists }: ListDesk): Command {
  return {
    node: "only-allowed",
    name: "Who may reach me",
    audience: "people",
    begin: async ({ jid }) => {
      const isOn = (await lists.listsOf(jid)).onlyAllowed;
      return {
        kind: "form",
        form: {
          title: "Who may reach you",
          instructions: "Shut out everybody on SIP but those whom you have allowed?",
          fields: [
            {
              name: "only",
              type: "boolean",
              label: "Only those whom I have allowed",
              values: [isOn ? "1" : "0"],
            },
          ],
        },
        forward: ["complete"],
        submit: async (values) => {
          const only = isYes(values, "only");
          await lists.setOnlyAllowed(jid, only);
          return done(
            only
              ? "Only those whom you have allowed reach you."
              : "Everybody but those whom you block reaches you.",
          );
        },
      };
    },
  };
}

function taken(result: Result<void>, said: string): Page {
  return result.ok ? done(said) : done("Your list is full. Take somebody off it first.", "error");
}

interface Asking {
  readonly title: string;
  readonly instructions: string;
  take(entry: string): Promise<Page>;
}

function whomPage(desk: ListDesk, host: string, { title, instructions, take }: Asking): FormPage {
  const page: FormPage = {
    kind: "form",
    form: {
      title,
      instructions,
      fields: [
        {
          name: "whom",
          type: "text-single",
          label: "SIP address, number or JID",
          description: "Such as sip:romeo@sip.example; for a whole domain only sip.example",
          isRequired: true,
        },
        {
          name: "scope",
          type: "list-single",
          label: "Who is meant",
          values: ["person"],
          options: [
            { label: "This person", value: "person" },
            { label: "Everybody of this domain", value: "domain" },
          ],
        },
      ],
    },
    forward: ["complete"],
    submit: (values) => {
      const entry = entryOf(values, desk, host);
      return "problem" in entry ? again(page, entry.problem) : take(entry.entry);
    },
  };
  return page;
}

function entryOf(
  values: Submission,
  { domains, numbers }: ListDesk,
  host: string,
): { readonly entry: string } | { readonly problem: string } {
  const whom = textOf(values, "whom");
  if (textOf(values, "scope") === "domain") return domainEntry(whom, domains);
  const entered = enteredAddress(whom, host, domains, numbers);
  return entered.ok ? { entry: entered.jid } : { problem: entered.refusal.text };
}

/** The domain as JIDs have it, whichever of the two names it was given. */
function domainEntry(
  text: string,
  domains: DomainTable,
): { readonly entry: string } | { readonly problem: string } {
  const name = enforceDomain(text.slice(text.lastIndexOf("@") + 1).replace(SCHEME, ""));
  const rule = name.ok && domains.sip.find(({ sip, xmpp }) => sip === name.value || xmpp === name.value);
  return rule ? { entry: rule.xmpp } : { problem: "That is no SIP domain which this gateway serves." };
}

function unlistPage(
  lists: Lists,
  jid: string,
  allowed: readonly string[],
  blocked: readonly string[],
): FormPage {
  const options = [
    ...blocked.map((entry) => ({ label: `${entry}: blocked`, value: entry })),
    ...allowed.map((entry) => ({ label: `${entry}: allowed`, value: entry })),
  ];
  const shown = options.slice(0, MOST_SHOWN);
  const cut = options.length > shown.length ? ` These are the first ${MOST_SHOWN} of ${options.length}.` : "";
  const instructions = `Choose whom to take off your lists.${cut}`;
  return {
    kind: "form",
    form: {
      title: "Your lists",
      instructions,
      fields: [{ name: "entries", type: "list-multi", label: "On your lists", options: shown }],
    },
    forward: ["complete"],
    submit: async (values) => {
      const entries = values.get("entries") ?? [];
      for (const entry of entries) await lists.unblock(jid, entry);
      return done(entries.length === 0 ? "Nothing was changed." : `Taken off: ${entries.join(", ")}.`);
    },
  };
}

/** A menu that a person still reads; also what one submission may hold. */
const MOST_SHOWN = 200;
const SCHEME = /^sips?:/i;
