/** `isthmus lists`: who may reach whom, as the database has it, also while a gateway runs. XEP-0191. */

import type { Config } from "../config/config";
import { entryName, nameProblem, ownerName } from "../core/lists/name";
import { type AccessList, EVERYBODY } from "../core/lists/reach";
import type { Result } from "../core/result";
import { type ListEdit, ListFile } from "../store/list-file";
import { type Arguments, readArguments } from "./arguments";
import { type Command, EXIT, type ExitCode, type Terminal, UsageError } from "./command";
import { configOf } from "./config-file";

/** What fits on a few screens. */
const LISTED = 100;

export const lists: Command = {
  name: "lists",
  summary: "show or change who may reach whom",
  help: `isthmus lists show [OWNER] [--limit N] [--json] [--config FILE]
isthmus lists allow OWNER ENTRY [--json] [--config FILE]
isthmus lists block OWNER ENTRY
isthmus lists unblock OWNER ENTRY
isthmus lists only-allowed OWNER
isthmus lists anybody OWNER

Reads and changes the database of store.file, also while the gateway runs, which takes a change within a second.

OWNER is whose list it is: an address (a JID or a SIP URI), a domain for all of its people, or * for everybody: the
operator's own. ENTRY is whom it is about: an address, or a domain (also written *@DOMAIN) for all of its people.
A person, his domain and the operator must each let a sender through; in one list an address counts more than a domain.

block keeps ENTRY out: messages come back as from somebody who is not there, presence shows the owner as gone, and a
person cannot write to whom he blocks himself. allow makes an exception, and unblock takes ENTRY off the list, whichever
it is. only-allowed lets in those alone whom the list allows; anybody ends that.
Who watches somebody: isthmus subs list --presentity ADDRESS.

  --limit N   with show: at most so many owners, ${LISTED} unless told otherwise
  --json      print one object: {lists: [{owner, onlyAllowed, allowed: […], blocked: […]}]}, or for a change
              {owner, entry, change, gatewayRuns: true, false or null (not known)}

Exit codes: 0 done; 1 the database cannot be read or written; 2 usage or configuration.

Examples:
  isthmus lists block sip:romeo@sip.example spam.example
  isthmus lists allow romeo@sip.example friend@spam.example
  isthmus lists block '*' sip:pest@far.example
`,
  async run(args, terminal) {
    const read = readArguments(args, { flags: ["json"], values: ["config", "limit"] });
    const act = actOf(read);
    const config = configOf(read.values.get("config"), terminal);
    if (config === undefined) {
      terminal.error("There is no configuration: name one with --config FILE, for its store.file.\n");
      return EXIT.usage;
    }
    const call = { read, config, terminal };
    const run = act === "show" ? showCall(call) : editCall(call, act);
    try {
      const file = new ListFile(config.store);
      try {
        return run(file);
      } finally {
        file.close();
      }
    } catch (error) {
      terminal.error(`${(error as Error).message}\n`);
      return EXIT.failed;
    }
  },
};

interface Call {
  readonly read: Arguments;
  readonly config: Config;
  readonly terminal: Terminal;
}

type Run = (file: ListFile) => ExitCode;

function showCall({ read, config, terminal }: Call): Run {
  const [, owner] = read.positionals;
  const name = owner === undefined ? undefined : named("owner", owner, ownerName(owner, config.domains));
  const limit = limitOf(read.values.get("limit"));
  return (file) => {
    const owners = name === undefined ? file.owners(limit) : [name];
    const shown = owners.map((one) => ({ owner: one, ...partsOf(file.listOf(one)) }));
    if (read.flags.has("json")) terminal.out(`${JSON.stringify({ lists: shown })}\n`);
    else if (shown.length === 0) terminal.out("Nobody has a list: everybody may reach everybody.\n");
    else terminal.out(shown.map(textOf).join(""));
    return EXIT.ok;
  };
}

function editCall({ read, config, terminal }: Call, kind: ListEdit["kind"]): Run {
  const [, owner = "", entry] = read.positionals;
  const name = named("owner", owner, ownerName(owner, config.domains));
  const edit: ListEdit =
    kind === "only-allowed" || kind === "anybody"
      ? { kind, owner: name }
      : { kind, owner: name, entry: named("entry", entry ?? "", entryName(entry ?? "", config.domains)) };
  return (file) => {
    checkRoom(file, edit, config);
    file.edit(edit);
    const gatewayRuns = file.isRunning() ?? null;
    const { owner: of, kind: change } = edit;
    const about = "entry" in edit ? edit.entry : null;
    if (read.flags.has("json"))
      terminal.out(`${JSON.stringify({ owner: of, entry: about, change, gatewayRuns })}\n`);
    else terminal.out(`${sentenceOf(edit)} ${gatewayRuns === true ? TAKEN : ""}`.trimEnd().concat("\n"));
    return EXIT.ok;
  };
}

/** The bound that holds for people's own changes holds here too. */
function checkRoom(file: ListFile, edit: ListEdit, config: Config): void {
  if (edit.kind !== "allow" && edit.kind !== "block") return;
  const { entries } = file.listOf(edit.owner);
  if (entries.has(edit.entry) || entries.size < config.lists.entries) return;
  throw new Error(`The list of ${whose(edit.owner)} is full: lists.entries allows ${config.lists.entries}.`);
}

const TAKEN = "The gateway that runs takes it within a second.";

function sentenceOf(edit: ListEdit): string {
  const owner = whose(edit.owner);
  switch (edit.kind) {
    case "allow":
      return `${edit.entry} may reach ${owner}.`;
    case "block":
      return `${edit.entry} is kept from ${owner}.`;
    case "unblock":
      return `${edit.entry} is not on the list of ${owner}.`;
    case "only-allowed":
      return `Only those whom the list allows may reach ${owner}.`;
    case "anybody":
      return `All whom the list does not block may reach ${owner}.`;
  }
}

function whose(owner: string): string {
  if (owner === EVERYBODY) return "everybody";
  return owner.includes("@") ? owner : `the people of ${owner}`;
}

function partsOf({ entries, onlyAllowed }: AccessList) {
  const of = (wanted: string) =>
    [...entries].filter(([, verdict]) => verdict === wanted).map(([entry]) => entry);
  return { onlyAllowed, allowed: of("allow"), blocked: of("block") };
}

function textOf({ owner, onlyAllowed, allowed, blocked }: ReturnType<typeof partsOf> & { owner: string }) {
  const head = `${owner === EVERYBODY ? "* (everybody)" : owner}\n`;
  const mode = onlyAllowed ? "  only those who are allowed\n" : "";
  const lines = [
    ...allowed.map((entry) => `  allow  ${entry}\n`),
    ...blocked.map((entry) => `  block  ${entry}\n`),
  ];
  return lines.length === 0 && !onlyAllowed ? `${head}  nothing\n` : `${head}${mode}${lines.join("")}`;
}

function named(what: string, text: string, name: Result<string>): string {
  if (name.ok) return name.value;
  throw new UsageError(`${what} ${JSON.stringify(text)}: ${nameProblem(name.rejection)}`);
}

const ACTS: Readonly<Record<string, number>> = {
  allow: 2,
  block: 2,
  unblock: 2,
  "only-allowed": 1,
  anybody: 1,
};

function actOf({ positionals, values }: Arguments): "show" | ListEdit["kind"] {
  const [name = "", ...more] = positionals;
  if (name === "show") {
    if (more.length > 1) throw new UsageError("lists show takes one owner");
    return name;
  }
  const wanted = Object.hasOwn(ACTS, name) ? ACTS[name] : undefined;
  if (wanted === undefined)
    throw new UsageError("lists takes show, allow, block, unblock, only-allowed or anybody");
  if (more.length !== wanted)
    throw new UsageError(`lists ${name} takes ${wanted === 2 ? "an owner and an entry" : "an owner"}`);
  if (values.has("limit")) throw new UsageError("--limit goes with show");
  return name as ListEdit["kind"];
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return LISTED;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`--limit takes a number from 1, not ${text}`);
  return Number(text);
}
