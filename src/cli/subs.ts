/** `isthmus subs`: who watches whom, as the database has it, also while a gateway runs. */

import { bareJid, parseJid } from "../core/address/jid";
import { LOCAL_PEER } from "../core/publication/local-watcher";
import type { SubscriptionRecord } from "../core/subscription/record";
import { type FoundSubscription, StoreReader, type SubscriptionFilter } from "../store/reader";
import { type Arguments, readArguments } from "./arguments";
import { type Command, EXIT, type ExitCode, type Terminal, UsageError } from "./command";
import { configOf } from "./config-file";
import { describeSubscription, STATES, tableOf } from "./subs-text";

/** What fits on a few screens; the rest is counted. */
const LISTED = 100;
const DIRECTIONS: readonly SubscriptionRecord["direction"][] = ["xmpp-watcher", "sip-watcher"];

export const subs: Command = {
  name: "subs",
  summary: "list, show, drop or approve subscriptions to presence",
  help: `isthmus subs list [FILTERS] [--limit N] [--json] [--config FILE]
isthmus subs show [KEY] [FILTERS] [--limit N] [--json] [--config FILE]
isthmus subs drop [KEY] [FILTERS] [--all] [--json] [--config FILE]
isthmus subs approve [KEY] [FILTERS] [--all] [--json] [--config FILE]

Reads the database of store.file, also while the gateway runs. list prints a line for each subscription, show all that is
known of each, with its state in words. drop leaves a request: the gateway that runs takes it within seconds, else the next
one does when it starts. An XMPP watcher is then told that he is no longer subscribed; a SIP watcher gets a last NOTIFY, and
his phone may subscribe anew by itself. approve leaves a request likewise: those who wait for leave to see people whose
phones publish here (presence.approval: ask) get it.

KEY is that of one subscription, as show and --json print it. Filters; all that are given must fit:
  --watcher JID         who watches: a bare JID, or a domain for all of its people
  --presentity JID      who is watched, likewise
  --direction WHICH     xmpp-watcher (an XMPP user watches a SIP contact) or sip-watcher (the other way)
  --state STATE         ${Object.keys(STATES).join(", ")}
  --peer NAME           the SIP peer

  --limit N   at most so many, ${LISTED} unless told otherwise; how many fit is said in any case
  --all       with drop and approve: also when more than one fits
  --json      print one object: {total, subscriptions: [{key, dropRequested, …}]} with times in milliseconds since 1970,
              or for drop {dropRequested: [key, …], gatewayRuns: true, false or null (not known)}, for approve
              {approvalRequested: [key, …], gatewayRuns}

Exit codes: 0 done; 1 the database cannot be read, or nothing fits show, drop or approve; 2 usage or configuration.

Examples:
  isthmus subs list --presentity romeo@sip.example
  isthmus subs list --state retrying --peer kamailio --json
  isthmus subs drop --watcher juliet@xmpp.example --presentity romeo@sip.example
`,
  async run(args, terminal) {
    const read = readArguments(args, {
      flags: ["json", "all"],
      values: ["config", "watcher", "presentity", "direction", "state", "peer", "limit"],
    });
    const act = actOf(read);
    const filter = filterOf(read);
    const limit = limitOf(read.values.get("limit"));
    const config = configOf(read.values.get("config"), terminal);
    if (config === undefined) {
      terminal.error("There is no configuration: name one with --config FILE, for its store.file.\n");
      return EXIT.usage;
    }
    try {
      const reader = new StoreReader(config.store);
      try {
        return act({ reader, filter, limit, flags: read.flags, terminal });
      } finally {
        reader.close();
      }
    } catch (error) {
      terminal.error(`${(error as Error).message}\n`);
      return EXIT.failed;
    }
  },
};

interface Call {
  readonly reader: StoreReader;
  readonly filter: SubscriptionFilter;
  readonly limit: number;
  readonly flags: ReadonlySet<string>;
  readonly terminal: Terminal;
}

function list({ reader, filter, limit, flags, terminal }: Call): ExitCode {
  const found = reader.list(filter, limit);
  const total = reader.count(filter);
  if (flags.has("json")) terminal.out(json(total, found));
  else terminal.out(`${tableOf(found)}${countLine(found.length, total)}`);
  return EXIT.ok;
}

function show({ reader, filter, limit, flags, terminal }: Call): ExitCode {
  const found = reader.list(filter, limit);
  const total = reader.count(filter);
  if (flags.has("json")) terminal.out(json(total, found));
  else if (found.length === 0) terminal.error("No subscription fits.\n");
  else {
    const now = Date.now();
    terminal.out(found.map((one) => `${describeSubscription(one, now)}\n`).join(""));
    terminal.out(countLine(found.length, total));
  }
  return found.length === 0 ? EXIT.failed : EXIT.ok;
}

function drop({ reader, filter, flags, terminal }: Call): ExitCode {
  const total = reader.count(filter);
  if (total > 1 && !flags.has("all")) {
    terminal.error(`${total} subscriptions fit: narrow the filters, or say --all. Nothing was dropped.\n`);
    return EXIT.usage;
  }
  const keys = reader.list(filter, total).map((one) => one.key);
  reader.requestDrop(keys, Date.now());
  const gatewayRuns = reader.isRunning() ?? null;
  if (flags.has("json")) terminal.out(`${JSON.stringify({ dropRequested: keys, gatewayRuns })}\n`);
  else if (keys.length === 0) terminal.error("No subscription fits.\n");
  else
    terminal.out(
      `${keys.length === 1 ? "1 subscription" : `${keys.length} subscriptions`}: ${whenDropped(gatewayRuns)}\n`,
    );
  return keys.length === 0 ? EXIT.failed : EXIT.ok;
}

function approve({ reader, filter, flags, terminal }: Call): ExitCode {
  const found = reader.list(filter, reader.count(filter));
  const keys = found.filter(({ record }) => waitsForLeave(record)).map(({ key }) => key);
  if (keys.length > 1 && !flags.has("all")) {
    terminal.error(`${keys.length} watchers wait: narrow the filters, or say --all. Nobody was let in.\n`);
    return EXIT.usage;
  }
  reader.requestApproval(keys, Date.now());
  const gatewayRuns = reader.isRunning() ?? null;
  if (flags.has("json")) terminal.out(`${JSON.stringify({ approvalRequested: keys, gatewayRuns })}\n`);
  else if (keys.length === 0) terminal.error("Nobody who fits waits for leave that is given here.\n");
  else
    terminal.out(
      `${keys.length === 1 ? "1 watcher is" : `${keys.length} watchers are`} let in ` +
        `${gatewayRuns === false ? "when a gateway starts on this database" : "within seconds by the gateway that runs"}.\n`,
    );
  return keys.length === 0 ? EXIT.failed : EXIT.ok;
}

/** Those of people on other servers are decided there. */
function waitsForLeave(record: SubscriptionRecord): boolean {
  return record.peer === LOCAL_PEER && record.direction === "xmpp-watcher" && !record.authorized;
}

function whenDropped(gatewayRuns: boolean | null): string {
  if (gatewayRuns === true)
    return "the gateway that runs drops it within seconds; `isthmus subs list` shows when.";
  if (gatewayRuns === false) return "no gateway runs on this database; the next one drops it when it starts.";
  return "the gateway drops it within seconds if one runs (its lock may not be read), else when it starts.";
}

function json(total: number, found: readonly FoundSubscription[]): string {
  const subscriptions = found.map(({ key, isDropRequested, record }) => ({
    key,
    dropRequested: isDropRequested,
    ...record,
  }));
  return `${JSON.stringify({ total, subscriptions })}\n`;
}

function countLine(shown: number, total: number): string {
  const all = total === 1 ? "1 subscription" : `${total} subscriptions`;
  return shown === total ? `${all}\n` : `${shown} of ${all}; --limit shows more\n`;
}

const ACTS: Readonly<Record<string, (call: Call) => ExitCode>> = { list, show, drop, approve };

function actOf({ positionals, flags, values }: Arguments): (call: Call) => ExitCode {
  const [name = "", key, ...more] = positionals;
  const act = Object.hasOwn(ACTS, name) ? ACTS[name] : undefined;
  if (act === undefined) throw new UsageError("subs takes list, show, drop or approve");
  const surplus = act === list ? key : more[0];
  if (surplus !== undefined) throw new UsageError(`subs ${name} takes no ${surplus}; filters begin with --`);
  const writes = act === drop || act === approve;
  if (flags.has("all") && !writes)
    throw new UsageError("--all goes with drop and approve; list and show take --limit");
  if (values.has("limit") && writes)
    throw new UsageError("--limit goes with list and show; drop and approve take --all");
  const isNarrowed = key !== undefined || [...values.keys()].some((value) => value !== "config");
  if (writes && !isNarrowed) throw new UsageError(`${name} wants a KEY or a filter, such as --watcher`);
  return act;
}

function filterOf({ positionals, values }: Arguments): SubscriptionFilter {
  const [, key] = positionals;
  const filter: Record<string, string> = key === undefined ? {} : { key };
  for (const name of ["watcher", "presentity", "direction", "state", "peer"]) {
    const value = values.get(name);
    if (value !== undefined)
      filter[name] = name === "watcher" || name === "presentity" ? bare(name, value) : value;
  }
  oneOf("direction", filter.direction, DIRECTIONS);
  oneOf("state", filter.state, Object.keys(STATES));
  return filter;
}

/** As the database has it: normalised. */
function bare(name: string, text: string): string {
  const jid = parseJid(text);
  if (!jid.ok) throw new UsageError(`--${name} takes a bare JID or a domain, not ${text}`);
  return bareJid(jid.value);
}

function oneOf(name: string, value: string | undefined, known: readonly string[]): void {
  if (value !== undefined && !known.includes(value))
    throw new UsageError(`--${name} is one of ${known.join(", ")}, not ${value}`);
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return LISTED;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`--limit takes a number from 1, not ${text}`);
  return Number(text);
}
