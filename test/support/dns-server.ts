/** A tiny name server on loopback UDP that answers A, AAAA, SRV and NAPTR from a table. RFC 1035, RFC 2782, RFC 3403. */

import { createSocket } from "node:dgram";
import { once } from "node:events";

export type DnsRow =
  | { readonly name: string; readonly type: "A" | "AAAA"; readonly address: string; readonly ttl?: number }
  | {
      readonly name: string;
      readonly type: "SRV";
      readonly priority?: number;
      readonly weight?: number;
      readonly port: number;
      readonly target: string;
    }
  | {
      readonly name: string;
      readonly type: "NAPTR";
      readonly order?: number;
      readonly preference?: number;
      readonly flags?: string;
      readonly service: string;
      readonly replacement: string;
    }
  /** Answers nothing at all, or SERVFAIL, to every question about this name. */
  | { readonly name: string; readonly type: "silence" | "failure" };

export interface DnsServer {
  /** For `dns.Resolver.setServers`. */
  readonly address: string;
  /** Every question so far, such as `SRV _sip._udp.sip.example`. */
  readonly asked: string[];
  stop(): Promise<void>;
}

/** Names that are not in the table get NXDOMAIN, known names without the type asked for an empty answer. */
export async function startDnsServer(rows: readonly DnsRow[], host = "127.0.0.1"): Promise<DnsServer> {
  const socket = createSocket("udp4").unref(); // what a failed test leaves open must not keep the process alive
  const asked: string[] = [];
  socket.on("message", (query, from) => {
    const question = readQuestion(query);
    asked.push(`${NAMES.get(question.type) ?? question.type} ${question.name}`);
    const answer = answerTo(query, question, rows);
    if (answer !== undefined) socket.send(answer, from.port, from.address);
  });
  socket.bind(0, host);
  await once(socket, "listening");
  return {
    address: `${host}:${socket.address().port}`,
    asked,
    stop: () =>
      new Promise((resolve) => {
        socket.close(() => resolve());
      }),
  };
}

interface Question {
  readonly name: string;
  readonly type: number;
  /** Offset behind the question. */
  readonly end: number;
}

function readQuestion(query: Buffer): Question {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function answerTo(query: Buffer, question: Question, rows: readonly DnsRow[]): Buffer | undefined {
  const ofName = rows.filter((row) => row.name.toLowerCase() === question.name);
  if (ofName.some((row) => row.type === "silence")) return undefined;
  const type = NAMES.get(question.type);
  const records = ofName.filter((row) => row.type === type).map(record);
  const code = ofName.some((row) => row.type === "failure") ? SERVFAIL : ofName.length === 0 ? NXDOMAIN : 0;
  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(RESPONSE | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, query.subarray(HEADER_BYTES, question.end), ...records]);
}

function record(row: DnsRow): Buffer {
  const content = recordContent(row);
  const fixed = Buffer.alloc(12);
  fixed.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
  fixed.writeUInt16BE(TYPES[row.type as keyof typeof TYPES], 2);
  fixed.writeUInt16BE(1, 4);
  fixed.writeUInt32BE(row.type === "A" || row.type === "AAAA" ? (row.ttl ?? 60) : 60, 6);
  fixed.writeUInt16BE(content.length, 10);
  return Buffer.concat([fixed, content]);
}

function recordContent(row: DnsRow): Buffer {
  switch (row.type) {
    case "A":
      return Buffer.from(row.address.split(".").map(Number));
    case "AAAA":
      return ipv6(row.address);
    case "SRV":
      return Buffer.concat([numbers(row.priority ?? 0, row.weight ?? 0, row.port), domain(row.target)]);
    case "NAPTR":
      return Buffer.concat([
        numbers(row.order ?? 0, row.preference ?? 0),
        ...[row.flags ?? "s", row.service, ""].map(characterString),
        domain(row.replacement),
      ]);
    default:
      return Buffer.alloc(0);
  }
}

function ipv6(address: string): Buffer {
  const [head = "", tail] = address.split("::");
  const groups = (text: string) =>
    text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
  const front = groups(head);
  const back = groups(tail ?? "");
  return numbers(...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back);
}

function numbers(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, at) => {
    bytes.writeUInt16BE(value, at * 2);
  });
  return bytes;
}

function domain(name: string): Buffer {
  const labels = name.split(".").filter((label) => label !== "");
  return Buffer.concat([...labels.map(characterString), Buffer.alloc(1)]);
}

function characterString(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text, "latin1")]);
}

const TYPES = { A: 1, AAAA: 28, SRV: 33, NAPTR: 35 } as const;
const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(TYPES).map(([name, type]) => [type, name]));
const HEADER_BYTES = 12;
const RESPONSE = 0x8580;
const SERVFAIL = 2;
const NXDOMAIN = 3;
