/** Live subscriptions for administrators: page by page, and to be dropped. */

import { bareJid, parseJid } from "../../../core/address/jid";
import { type Field, type Submission, textOf } from "../../../core/forms/form";
import { personOf } from "../../../core/list/person";
import { again, done, type FormPage, type Page } from "../../../core/service/page";
import { directionWords } from "../../../core/service/subscription-words";
import { recordKey, type SubscriptionRecord } from "../../../core/subscription/record";
import type { DomainTable } from "../../../core/tables";
import type { Command } from "../command";
import type { ServiceParts, SubscriptionReader } from "../sides";
import { ADMIN } from "./counts";

export function liveSubscriptions(subscriptions: SubscriptionReader, domains: DomainTable): Command {
  return {
    node: `${ADMIN}subscriptions`,
    name: "Live subscriptions",
    audience: "administrators",
    begin: () => whomPage("Live subscriptions", false, domains, (whom) => listPage(subscriptions, whom, "")),
  };
}

export function dropSubscription(
  subscriptions: SubscriptionReader,
  domains: DomainTable,
  drop: NonNullable<ServiceParts["drop"]>,
): Command {
  return {
    node: `${ADMIN}drop-subscription`,
    name: "Drop a subscription",
    audience: "administrators",
    begin: () =>
      whomPage("Drop a subscription", true, domains, (whom) =>
        whom === undefined
          ? done("No subscription fits.", "error")
          : choicePage(subscriptions, whom, "", drop),
      ),
  };
}

/** A person, a domain, or undefined for all. */
type Whom = string | undefined;

function whomPage(
  title: string,
  isRequired: boolean,
  domains: DomainTable,
  then: (whom: Whom) => Page,
): FormPage {
  const page: FormPage = {
    kind: "form",
    form: {
      title,
      instructions: "Whose subscriptions? Both those who watch and those who are watched are found.",
      fields: [
        {
          name: "whom",
          type: "text-single",
          label: isRequired ? "JID or SIP address" : "JID, SIP address or domain; empty for all",
          isRequired,
        },
      ],
    },
    forward: ["next"],
    submit: (values) => {
      const whom = whomOf(values, domains);
      return whom === "unreadable" ? again(page, "This is neither an address nor a domain.") : then(whom);
    },
  };
  return page;
}

function whomOf(values: Submission, domains: DomainTable): Whom | "unreadable" {
  const typed = textOf(values, "whom");
  if (typed === "") return undefined;
  const person = personOf(typed, domains);
  if (person !== undefined) return person;
  const jid = parseJid(typed);
  return jid.ok ? bareJid(jid.value) : "unreadable";
}

function listPage(subscriptions: SubscriptionReader, whom: Whom, after: string): Page {
  const { rows, next } = someOf(subscriptions, whom, after);
  if (rows.length === 0 && next === undefined)
    return done(after === "" ? "There are none." : "There are no more.");
  const form = {
    title: "Live subscriptions",
    instructions: `${subscriptions.count()} in all${whom === undefined ? "" : `; those of ${whom}`}.`,
    fields: rows.length === 0 ? [NONE_HERE] : rows.map(rowField),
  };
  return {
    kind: "form",
    form,
    forward: next === undefined ? ["complete"] : ["next", "complete"],
    submit: (_, by) =>
      by === "next" && next !== undefined ? listPage(subscriptions, whom, next) : done("That was all."),
  };
}

function choicePage(
  subscriptions: SubscriptionReader,
  whom: string,
  after: string,
  drop: NonNullable<ServiceParts["drop"]>,
): Page {
  const { rows, next } = someOf(subscriptions, whom, after);
  if (rows.length === 0 && next === undefined) return done("No subscription fits.", "error");
  const options = rows.map((row) => ({ label: words(row), value: recordKey(row) }));
  const more = next === undefined ? "" : " There are more: the next page shows them, and drops nothing.";
  return {
    kind: "form",
    form: {
      title: "Drop subscriptions",
      instructions: `The watcher is told that it is over, and may ask again.${more}`,
      fields: [{ name: "keys", type: "list-multi", label: "To be dropped", options }],
    },
    forward: next === undefined ? ["complete"] : ["complete", "next"],
    submit: (values, by) =>
      by === "next" && next !== undefined
        ? choicePage(subscriptions, whom, next, drop)
        : dropped(values.get("keys") ?? [], drop),
  };
}

async function dropped(keys: readonly string[], drop: NonNullable<ServiceParts["drop"]>): Promise<Page> {
  for (const key of keys) await drop(key);
  if (keys.length === 0) return done("Nothing was dropped.");
  return done(
    `${keys.length === 1 ? "1 subscription is" : `${keys.length} subscriptions are`} being dropped.`,
  );
}

/**
 * A page of them after a key. One person's are looked up; a domain's are sought for, at most so many rows at a time, so that a
 * page may be short, or empty, while there are more.
 */
function someOf(
  subscriptions: SubscriptionReader,
  whom: Whom,
  after: string,
): { readonly rows: readonly SubscriptionRecord[]; readonly next?: string } {
  if (whom?.includes("@") === true) return ofPerson(subscriptions, whom, after);
  const rows: SubscriptionRecord[] = [];
  let reached = after;
  for (let sought = 0; sought < SOUGHT_AT_ONCE; sought += PAGE) {
    const some = subscriptions.page(reached, PAGE);
    for (const row of some) {
      reached = recordKey(row);
      if (whom === undefined || isOf(row, whom)) rows.push(row);
      if (rows.length === PAGE) return { rows, next: reached };
    }
    if (some.length < PAGE) return { rows };
  }
  return { rows, next: reached };
}

function ofPerson(
  subscriptions: SubscriptionReader,
  person: string,
  after: string,
): { readonly rows: readonly SubscriptionRecord[]; readonly next?: string } {
  const all = DIRECTIONS.flatMap((direction) => [
    ...subscriptions.ofWatcher(direction, person, MOST_OF_PERSON),
    ...subscriptions.ofPresentity(direction, person, MOST_OF_PERSON),
  ]);
  // Whoever watches himself stands in two of these.
  const byKey = new Map(all.map((row) => [recordKey(row), row]));
  const keyed = [...byKey].map(([key, row]) => ({ key, row })).filter(({ key }) => key > after);
  keyed.sort((one, other) => (one.key < other.key ? -1 : 1));
  const shown = keyed.slice(0, PAGE);
  const rows = shown.map(({ row }) => row);
  return keyed.length > PAGE ? { rows, next: shown.at(-1)?.key ?? "" } : { rows };
}

function isOf({ watcher, presentity }: SubscriptionRecord, domain: string): boolean {
  return watcher.endsWith(`@${domain}`) || presentity.endsWith(`@${domain}`);
}

/** XEP-0004 §3.3: a fixed field is text between the others. */
function rowField(row: SubscriptionRecord): Field {
  return { type: "fixed", values: [words(row)] };
}

function words({ direction, watcher, presentity, state, peer }: SubscriptionRecord): string {
  return `${watcher} → ${presentity}: ${state} (${directionWords(direction)}, ${peer})`;
}

const DIRECTIONS = ["xmpp-watcher", "sip-watcher"] as const;
const NONE_HERE: Field = {
  type: "fixed",
  values: ["None among those that were looked through; go on for more."],
};
/** A screen of them. */
const PAGE = 25;
/** Rows read for one page of a domain: some milliseconds, in which everybody waits. */
const SOUGHT_AT_ONCE = 1_000;
/** Of each kind: presence.limits.perWatcher bounds watchers, nothing bounds how many watch one person. */
const MOST_OF_PERSON = 2_000;
