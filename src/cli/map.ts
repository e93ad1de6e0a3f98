/** `isthmus map`: what becomes of an address, and which rule did it. RFC 7247 §6. */

import { jidSenderToSip, jidTargetToSip, sipSenderToJid, sipTargetToJid } from "../core/address/domains";
import { sipUriToJid } from "../core/address/sip-to-xmpp";
import { jidToSipUri } from "../core/address/xmpp-to-sip";
import type { Rejection } from "../core/rejection";
import type { DomainTable, SipDomainRule, XmppDomainRule } from "../core/tables";
import { readArguments } from "./arguments";
import { type Command, EXIT, type ExitCode, UsageError } from "./command";
import { configOf } from "./config-file";
import { linesOf } from "./lines";

/** One address and what became of it, as `--json` prints it. */
export type MapLine =
  | { readonly input: string; readonly output: string; readonly rule: string }
  | { readonly input: string; readonly error: string };

/** Octets. Longer lines are no addresses: 64 KiB is what a SIP URI may have at most here. */
const LINE_MAXIMUM = 65_536;
/** Enough of an over-long one to recognise it. */
const LONGEST_SHOWN = 80;
const URI = /^(sips?|tel|im|pres|xmpp):/i;

export const map: Command = {
  name: "map",
  summary: "show what becomes of an address on the other side",
  help: `isthmus map [--config FILE] [--json] ADDRESS
isthmus map [--config FILE] -

Maps a JID to a SIP URI, or a SIP, im, pres, tel or xmpp URI to a JID, and names the rule that applied. Without a
configuration by RFC 7247 alone; with one by its domain rules. With "-" it reads one address a line and prints one JSON
object a line; empty lines are passed over. What begins with a dash stands after --.

  --json   print one object: {input, output, rule} or {input, error}

Exit codes: 0 mapped; 1 an address cannot be mapped; 2 usage or configuration.

Examples:
  isthmus map "sip:o'malley@sip.example"
  isthmus map 'juliet@xmpp.example/balcony' --json
`,
  async run(args, terminal) {
    const { positionals, flags, values } = readArguments(args, { flags: ["json"], values: ["config"] });
    const [address, ...more] = positionals;
    if (address === undefined || more.length > 0)
      throw new UsageError("map takes one ADDRESS, or - for standard input");
    const domains = configOf(values.get("config"), terminal)?.domains;
    if (address === "-") return mapLines(terminal.input, domains, terminal.out);
    const line = mapAddress(address, domains);
    if (flags.has("json")) terminal.out(`${JSON.stringify(line)}\n`);
    else if ("error" in line) terminal.error(`${line.input} cannot be mapped: ${line.error}\n`);
    else terminal.out(`${line.output}\n  by ${line.rule}\n`);
    return "error" in line ? EXIT.failed : EXIT.ok;
  },
};

/** Maps one address; by the domain rules where there are any. */
export function mapAddress(input: string, domains: DomainTable | undefined): MapLine {
  if (Buffer.byteLength(input) > LINE_MAXIMUM) return tooLong(input);
  return domains === undefined ? byRfc(input) : byRules(input, domains);
}

function tooLong(input: string): MapLine {
  return {
    input: `${input.slice(0, LONGEST_SHOWN)}…`,
    error: `the address is longer than ${LINE_MAXIMUM} octets`,
  };
}

async function mapLines(
  input: NodeJS.ReadableStream,
  domains: DomainTable | undefined,
  out: (text: string) => void,
): Promise<ExitCode> {
  let failed = false;
  for await (const { line, isWhole } of linesOf(input, LINE_MAXIMUM)) {
    if (line === "") continue;
    const mapped = isWhole ? mapAddress(line, domains) : tooLong(line);
    failed ||= "error" in mapped;
    out(`${JSON.stringify(mapped)}\n`);
  }
  return failed ? EXIT.failed : EXIT.ok;
}

function byRfc(input: string): MapLine {
  const mapped = URI.test(input) ? sipUriToJid(input) : jidToSipUri(input);
  if (!mapped.ok) return { input, error: explain(mapped.rejection) };
  return { input, output: mapped.value.value, rule: mapped.value.rule };
}

/** A SIP URI may name somebody on either side: first one who is written to, then one who writes. The same for a JID. */
function byRules(input: string, domains: DomainTable): MapLine {
  if (URI.test(input)) {
    const target = sipTargetToJid(input, domains);
    if (target.ok) return { input, output: target.value.jid, rule: xmppRule(target.value.rule) };
    const sender = sipSenderToJid(input, domains);
    if (sender.ok) return { input, output: sender.value.jid, rule: sipRule(sender.value.rule) };
    return { input, error: explain(target.rejection) };
  }
  const target = jidTargetToSip(input, domains);
  if (target.ok) return { input, output: target.value.uri, rule: sipRule(target.value.rule) };
  const sender = jidSenderToSip(input, domains);
  if (sender.ok) return { input, output: sender.value.uri, rule: xmppRule(sender.value.rule) };
  return { input, error: explain(target.rejection) };
}

function sipRule(rule: SipDomainRule): string {
  return `domains.sip: people of ${rule.sip} live on SIP and are ${rule.xmpp} on XMPP (peer ${rule.peer}); RFC 7247 §6`;
}

function xmppRule(rule: XmppDomainRule): string {
  return `domains.xmpp: people of ${rule.xmpp} live on XMPP and are reached via ${rule.via} ${rule.sip}; RFC 7247 §6`;
}

function explain({ text, detail }: Rejection): string {
  return detail === undefined ? text : `${text} (${detail})`;
}
