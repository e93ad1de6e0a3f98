/** `isthmus translate`: a SIP message or a stanza in, the other side's out, offline: for debugging and for tests. */

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { whyUnread } from "../config/files";
import { loadContentTypes, loadErrorTable, loadPresenceTable, parseDomainRules } from "../config/mappings";
import { tables as tablesOf } from "../config/options";
import { PACKAGED_MAPPINGS } from "../config/packaged";
import { parseSipUri } from "../core/address/sip-uri";
import { errorStanza } from "../core/error/stanza-error";
import { sipMessageToStanza } from "../core/message/sip-to-xmpp";
import { xmppMessageToSip } from "../core/message/xmpp-to-sip";
import type { Rejection } from "../core/rejection";
import { DEFAULT_SWITCHES } from "../core/switches";
import type { Tables } from "../core/tables";
import type { SipRequest } from "../sip/message/message";
import { parseNameAddr } from "../sip/message/name-addr";
import { parseMessage } from "../sip/message/parse";
import { requestBytes } from "../sip/user-agent/out-request";
import type { Element } from "../xml/element";
import { NS } from "../xml/namespaces";
import { parseXml, XML_LIMITS } from "../xml/parser";
import { write } from "../xml/writer";
import { readArguments } from "./arguments";
import { type Command, EXIT, type ExitCode, type Terminal, UsageError } from "./command";
import { configOf } from "./config-file";

/** What came of a translation. */
type Translation =
  | { readonly output: string }
  /** Nothing leaves, on purpose. */
  | { readonly nothing: string }
  /** What the sender would get. */
  | { readonly refused: string; readonly answer: string };

/** A stanza or message larger than this is no test case. */
const INPUT_MAXIMUM = 4 << 20;
/** Identifiers that are random in a running gateway. */
const OFFLINE = {
  callId: "offline",
  fromTag: "offline",
  branch: "z9hG4bKoffline",
  cseq: 1,
  imdnMessageId: "offline",
};

export const translate: Command = {
  name: "translate",
  summary: "translate a SIP message or a stanza from a file, offline",
  help: `isthmus translate [--config FILE] [--json] FILE

Reads one SIP MESSAGE or one XMPP message stanza from FILE ("-": standard input) and prints what the other side would get,
without opening anything. Without a configuration any SIP domain stands for itself, and so does any XMPP domain. Lines may
end in LF alone. Random identifiers are "offline".

  --json   print one object: {output}, {nothing} or {refused, answer}

Exit codes: 0 translated, or nothing leaves on purpose; 1 refused: what the sender would get is printed; 2 usage.

Example: isthmus translate message.sip
`,
  async run(args, terminal) {
    const { positionals, flags, values } = readArguments(args, { flags: ["json"], values: ["config"] });
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0)
      throw new UsageError("translate takes one FILE, or - for standard input");
    const input = file === "-" ? await readAll(terminal.input) : readNamed(file);
    const config = configOf(values.get("config"), terminal);
    const translation = translateInput(input, config === undefined ? undefined : tablesOf(config));
    return show(translation, flags.has("json"), terminal);
  },
};

/** Translates what a file holds. @param given tables of a configuration; absent: the packaged ones, every domain for itself */
export function translateInput(input: Buffer, given: Tables | undefined): Translation {
  if (input.toString("latin1", 0, 512).trimStart().startsWith("<")) return fromStanza(input, given);
  const message = parseMessage(input);
  if (message.kind === "problem")
    return { refused: message.reason, answer: `SIP/2.0 ${message.status} ${message.reason}` };
  if (message.kind === "response")
    return { nothing: "a SIP response answers a request of ours: it is not translated alone" };
  if (message.method !== "MESSAGE")
    return { nothing: `a ${message.method} is answered by the user agent itself` };
  return fromSip(message, given);
}

function fromSip(request: SipRequest, given: Tables | undefined): Translation {
  const { headers } = request;
  const fromUri = parseNameAddr(headers.get("From") ?? "")?.uri ?? "";
  const tables = given ?? standingForThemselves(hostOf(fromUri));
  const optional = (key: string, name: string) => (headers.has(name) ? { [key]: headers.get(name) } : {});
  const translated = sipMessageToStanza(
    {
      kind: "sip-message",
      rid: "offline",
      transaction: "offline",
      requestUri: request.uri,
      toUri: parseNameAddr(headers.get("To") ?? "")?.uri ?? "",
      fromUri,
      callId: headers.get("Call-ID") ?? "",
      ...optional("subject", "Subject"),
      ...optional("contentType", "Content-Type"),
      ...optional("contentEncoding", "Content-Encoding"),
      ...optional("contentLanguage", "Content-Language"),
      ...optional("contentDisposition", "Content-Disposition"),
      body: request.body,
      peer: tables.domains.sip.find((rule) => rule.sip === hostOf(fromUri))?.peer ?? "default",
    },
    tables,
  );
  if (!translated.ok) return refusedSip(translated.rejection);
  const { value } = translated;
  if (value.kind === "message") return { output: write(value.stanza, NS.client) };
  if (value.kind === "composing")
    return { output: `chat state of ${value.from} for ${value.to}: ${value.state}` };
  return {
    output: `receipt of ${value.from} for ${value.to}: ${value.report.kind} ${value.report.status} of ${value.report.messageId}`,
  };
}

function fromStanza(input: Buffer, given: Tables | undefined): Translation {
  const parsed = parseXml(input, { ...XML_LIMITS, bytes: INPUT_MAXIMUM });
  if (!parsed.ok)
    return { refused: parsed.problem, answer: "none: an XMPP server closes a stream that holds this" };
  const stanza = inClientNamespace(parsed.root);
  if (stanza.name !== "message") return { nothing: `<${stanza.name}/> is not translated in page mode` };
  const tables = given ?? standingForThemselves(domainOf(stanza.attrs.to ?? ""));
  const translated = xmppMessageToSip(stanza, { ...OFFLINE, tables, now: 0 });
  if (!translated.ok) return refusedStanza(stanza, translated.rejection);
  const { value } = translated;
  if (value.kind === "nothing") return { nothing: value.reason };
  if (value.kind !== "message") return { output: `${value.kind} from ${value.from} for ${value.to}` };
  const parts = {
    transport: "udp",
    sentBy: { host: "gateway.invalid", port: 5060 },
    branch: OFFLINE.branch,
  } as const;
  const bytes = requestBytes(
    { method: "MESSAGE", message: value.request },
    { ...parts, cseq: OFFLINE.cseq, route: undefined, credentials: [], userAgent: "Isthmus" },
  );
  return { output: bytes.toString("utf8") };
}

/** A stanza in a file rarely says its namespace. */
function inClientNamespace(element: Element): Element {
  if (element.ns !== "") return element;
  const children = element.children.map((node) =>
    typeof node === "string" ? node : inClientNamespace(node),
  );
  return { ...element, ns: NS.client, children };
}

function refusedSip(rejection: Rejection): Translation {
  const headers = (rejection.sipHeaders ?? []).map(([name, value]) => `\n${name}: ${value}`).join("");
  return {
    refused: reasonOf(rejection),
    answer: `SIP/2.0 ${rejection.sipStatus} ${rejection.text}${headers}`,
  };
}

function refusedStanza(stanza: Element, rejection: Rejection): Translation {
  const { from, to, id } = stanza.attrs;
  const failed = {
    name: "message",
    ns: NS.client,
    ...(from && { from }),
    ...(to && { to }),
    ...(id && { id }),
  };
  return { refused: reasonOf(rejection), answer: write(errorStanza(failed, rejection), NS.client) };
}

function reasonOf({ text, detail }: Rejection): string {
  return detail === undefined ? text : `${text} (${detail})`;
}

/** The domain of the SIP user stands for itself; every other one is an XMPP domain. */
function standingForThemselves(sipDomain: string): Tables {
  const read = (name: string) => readFileSync(join(PACKAGED_MAPPINGS, name), "utf8");
  return {
    domains: parseDomainRules({
      sip: sipDomain === "" ? [] : [{ sip: sipDomain, xmpp: sipDomain, peer: "default" }],
      xmpp: [{ xmpp: "*", sip: "*", via: "route" }],
    }),
    errors: loadErrorTable(read("errors.yaml"), "errors.yaml"),
    contentTypes: loadContentTypes(read("content-types.yaml"), "content-types.yaml"),
    presence: loadPresenceTable(read("presence.yaml"), "presence.yaml"),
    switches: new Map([["default", DEFAULT_SWITCHES]]),
  };
}

/** RFC 7622 §3.1: the resource begins at the first slash, the domain before it after the first at sign. */
function domainOf(jid: string): string {
  const [bare = ""] = jid.split("/", 1);
  return bare.slice(bare.indexOf("@") + 1);
}

function hostOf(uri: string): string {
  const parsed = parseSipUri(uri);
  return parsed.ok ? parsed.value.host : "";
}

function show(translation: Translation, json: boolean, terminal: Terminal): ExitCode {
  if (json) terminal.out(`${JSON.stringify(translation)}\n`);
  else if ("output" in translation) terminal.out(`${translation.output}\n`);
  else if ("nothing" in translation) terminal.out(`Nothing leaves: ${translation.nothing}\n`);
  else terminal.error(`Refused: ${translation.refused}\nThe sender would get:\n${translation.answer}\n`);
  return "refused" in translation ? EXIT.failed : EXIT.ok;
}

function readNamed(file: string): Buffer {
  try {
    if (statSync(file).size <= INPUT_MAXIMUM) return readFileSync(file);
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${whyUnread(error)}`);
  }
  throw new UsageError(`${file} is larger than ${INPUT_MAXIMUM} octets`);
}

async function readAll(input: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    const part = Buffer.from(chunk);
    length += part.length;
    if (length > INPUT_MAXIMUM) throw new UsageError(`standard input is larger than ${INPUT_MAXIMUM} octets`);
    chunks.push(part);
  }
  return Buffer.concat(chunks);
}
