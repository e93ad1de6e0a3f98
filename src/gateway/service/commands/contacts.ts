/** "My SIP contacts" and "Who watches me": the two sides of presence for the person who asks. RFC 8048 §5. */

import { jidTargetToSip } from "../../../core/address/domains";
import { type DonePage, done } from "../../../core/service/page";
import { contactWords, watcherWords } from "../../../core/service/subscription-words";
import type { SipWatcherRecord } from "../../../core/subscription/record";
import type { DomainTable } from "../../../core/tables";
import type { Command } from "../command";
import { LISTED } from "../options";
import type { SubscriptionReader } from "../sides";

export function contacts(subscriptions: SubscriptionReader, domains: DomainTable): Command {
  return {
    node: "contacts",
    name: "My SIP contacts",
    audience: "people",
    begin: ({ jid }) => {
      const rows = subscriptions.ofWatcher("xmpp-watcher", jid, LISTED + 1);
      if (rows.length === 0) return done("You watch nobody on SIP.");
      const listed = rows
        .slice(0, LISTED)
        .flatMap((row) =>
          row.direction === "xmpp-watcher"
            ? [[row.presentity, sipOf(row.presentity, domains), contactWords(row)]]
            : [],
        );
      return table("Your SIP contacts", listed, rows.length > LISTED);
    },
  };
}

export function watchers(subscriptions: SubscriptionReader, domains: DomainTable): Command {
  return {
    node: "watchers",
    name: "Who watches me",
    audience: "people",
    begin: ({ jid }) => {
      const rows = subscriptions.ofPresentity("sip-watcher", jid, LISTED + 1);
      const byWatcher = grouped(rows.slice(0, LISTED).filter((row) => row.direction === "sip-watcher"));
      if (byWatcher.size === 0) return done("Nobody on SIP watches you.");
      const listed = [...byWatcher].map(([watcher, dialogs]) => [
        watcher,
        sipOf(watcher, domains),
        watcherWords(dialogs),
      ]);
      return table("Who watches you from SIP", listed, rows.length > LISTED);
    },
  };
}

/** A watcher has a row for each of his phones; what a list or his own watchers tell him is nobody else's. */
function grouped(rows: readonly SipWatcherRecord[]): ReadonlyMap<string, readonly SipWatcherRecord[]> {
  const byWatcher = new Map<string, SipWatcherRecord[]>();
  for (const row of rows) {
    if (row.what !== "presence") continue;
    const dialogs = byWatcher.get(row.watcher);
    if (dialogs === undefined) byWatcher.set(row.watcher, [row]);
    else dialogs.push(row);
  }
  return byWatcher;
}

function sipOf(jid: string, domains: DomainTable): string {
  const target = jidTargetToSip(jid, domains);
  return target.ok ? target.value.uri : "no rule serves this address any more";
}

function table(title: string, rows: readonly (readonly string[])[], isCut: boolean): DonePage {
  const columns = [
    { name: "jid", label: "JID", type: "jid-single" },
    { name: "sip", label: "SIP address" },
    { name: "state", label: "State" },
  ] as const;
  const text = isCut ? `These are the first ${LISTED}; there are more.` : undefined;
  return {
    kind: "done",
    table: { title, columns, rows },
    notes: text === undefined ? [] : [{ type: "info", text }],
  };
}
