/** `isthmus who`: what the directory says about somebody, and which source said so. */

import type { Person } from "../gateway/sides";
import { readArguments } from "./arguments";
import { type Command, EXIT, type Terminal, UsageError } from "./command";
import { configOf } from "./config-file";
import { type Answered, type Asked, askDirectory, type Complaint } from "./directory-answers";

export const who: Command = {
  name: "who",
  summary: "show who somebody is, as the directory says",
  help: `isthmus who ADDRESS [--realm REALM] [--json] [--config FILE]

Asks the users file and LDAP, in the order in which the gateway does and past its memory: who is this SIP address, this JID,
this telephone number (tel:), this username? Says which source and server answered. Of digests only the algorithms are said.

  --realm REALM   realm of a username, sip.realm unless told otherwise
  --json          print one object: {input, askedAs, answer, source, server, person, digests, complaints}, where answer is
                  found, unknown or unavailable

Exit codes: 0 found; 1 unknown, or the directory cannot say; 2 usage or configuration.

Examples:
  isthmus who sip:romeo@sip.example
  isthmus who romeo --json
`,
  async run(args, terminal) {
    const { positionals, flags, values } = readArguments(args, {
      flags: ["json"],
      values: ["config", "realm"],
    });
    const [address, ...more] = positionals;
    if (address === undefined || more.length > 0) throw new UsageError("who takes one ADDRESS");
    const config = configOf(values.get("config"), terminal);
    if (config === undefined) {
      terminal.error("There is no configuration: name one with --config FILE.\n");
      return EXIT.usage;
    }
    const asked = await askDirectory(config, address, values.get("realm") ?? config.sip.realm);
    if (flags.has("json")) terminal.out(`${JSON.stringify(asJson(address, asked))}\n`);
    else tell(address, asked, config.directory.sources.length, terminal);
    return asked.answer.kind === "found" ? EXIT.ok : EXIT.failed;
  },
};

function asJson(input: string, { kind, answer, complaints }: Asked): object {
  const head = { input, askedAs: kind, answer: answer.kind };
  if (answer.kind === "unavailable") return { ...head, retryAfter: answer.retryAfter, complaints };
  if (answer.kind === "unknown") return { ...head, complaints };
  const { person, ...others } = answer.value;
  return { ...head, ...others, person: withoutPhoto(person), complaints };
}

/** Of the photo its kind and size alone. */
function withoutPhoto(person: Person): object {
  const { card } = person;
  if (card?.photo === undefined) return person;
  const { type, octets } = card.photo;
  return { ...person, card: { ...card, photo: { type, octets: octets.length } } };
}

function tell(input: string, { answer, complaints }: Asked, sources: number, terminal: Terminal): void {
  if (answer.kind === "found") terminal.out(describe(answer.value));
  else if (sources === 0) terminal.error("There is no directory: see sip.users and directory.ldap.\n");
  else if (answer.kind === "unknown") terminal.error(`${input} is unknown.\n`);
  else terminal.error("The directory cannot say now. `isthmus check` tries its servers one by one.\n");
  for (const complaint of complaints) terminal.error(`  ${inWords(complaint)}\n`);
}

function describe({ source, server, person, digests }: Answered): string {
  const { card = {} } = person;
  const { photo, ...texts } = card;
  const lines: [string, string | undefined][] = [
    ["person", person.id],
    ["from", server === undefined ? source : `${source}, ${server}`],
    ["SIP", person.sipUri],
    ["JID", person.jid],
    ["allowed", person.isAllowed ? "yes" : "no"],
    ["name", person.name],
    [
      "digests",
      digests === undefined ? undefined : digests.length === 0 ? "none that we can read" : digests.join(", "),
    ],
    ...Object.entries(texts),
    ["photo", photo === undefined ? undefined : `${photo.type}, ${photo.octets.length} B`],
  ];
  return lines
    .flatMap(([name, text]) => (text === undefined ? [] : `${name.padEnd(13)} ${printable(text)}\n`))
    .join("");
}

function inWords({ event, fields }: Complaint): string {
  const words = Object.entries(fields).map(([name, value]) => `${name} ${printable(String(value))}`);
  return `${event}: ${words.join(", ")}`;
}

/** What others wrote may not move the cursor. */
function printable(text: string): string {
  return text.replace(UNPRINTABLE, "�");
}

const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
