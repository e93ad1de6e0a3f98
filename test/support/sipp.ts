/** Real SIPp: one scenario, run to its end, or a UAS that records the messages it gets. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { accepts, freePort, holdAddress, sharedAddress, takesDatagrams } from "./ports";
import { eventually, Program, temporaryFolder } from "./processes";

export interface SippOptions {
  /** Scenario as XML (see messageScenario). */
  readonly scenario: string;
  readonly target: { readonly address: string; readonly port: number };
  readonly transport?: "udp" | "tcp";
  /** Calls in all, and per second. */
  readonly calls?: number;
  readonly rate?: number;
  /** Lines of an injection file, for [field0] and so on. */
  readonly fields?: readonly (readonly string[])[];
  /** Own address; a held one when absent. */
  readonly address?: string;
  readonly port?: number;
  readonly args?: readonly string[];
}

export interface SippResult {
  readonly successful: number;
  readonly failed: number;
  /** Status of the final answer to each call, by status. */
  readonly statuses: ReadonlyMap<number, number>;
  readonly exitCode: number | null;
  readonly output: string;
}

/** Runs SIPp until all calls have ended. */
export async function runSipp(options: SippOptions): Promise<SippResult> {
  const { program, messages } = await start(options, [
    `${options.target.address}:${options.target.port}`,
    ...["-m", String(options.calls ?? 1), "-r", String(options.rate ?? 10)],
    ...["-timeout", "60s", "-timeout_error"],
  ]);
  const exitCode = await program.exited;
  const received = read(messages).filter(({ direction }) => direction === "received");
  const statuses = new Map<number, number>();
  for (const { text } of received) {
    const status = Number(/^SIP\/2\.0 (\d+)/.exec(text)?.[1] ?? 0);
    if (status >= 200) {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  }
  const number = (label: string) =>
    Number(program.log().match(new RegExp(`${label}\\s*\\|\\s*\\d+\\s*\\|\\s*(\\d+)`))?.[1]);
  return {
    successful: number("Successful call"),
    failed: number("Failed call"),
    statuses,
    exitCode,
    output: program.log(),
  };
}

export interface SippUas {
  readonly address: string;
  readonly port: number;
  /** Bodies of the MESSAGEs that came so far, octet for octet. */
  bodies(): Buffer[];
  /** Whole messages that came so far. */
  messages(): string[];
  /** The bodies, once there are that many. */
  received(count: number, ms?: number): Promise<Buffer[]>;
  stop(): Promise<void>;
}

/** Starts SIPp as a UAS that answers every MESSAGE with the status. */
export async function startSippUas(options: {
  readonly transport?: "udp" | "tcp";
  readonly status?: number;
  readonly address?: string;
  readonly port?: number;
}): Promise<SippUas> {
  const address = options.address ?? (await holdAddress());
  const scenario = uasScenario(options.status ?? 200);
  const { program, messages, port } = await start({ ...options, address, scenario }, ["-bind_local"]);
  await program.until("port", () =>
    options.transport === "tcp" ? accepts(address, port) : takesDatagrams(address, port),
  );
  const all = () =>
    read(messages).filter(({ direction, bytes }) => direction === "received" && bytes.includes("MESSAGE "));
  const uas: SippUas = {
    address,
    port,
    bodies: () => all().map(({ bytes }) => bytes.subarray(bytes.indexOf("\r\n\r\n") + 4)),
    messages: () => all().map(({ text }) => text),
    received: async (count, ms) => {
      await eventually(`${count} messages at SIPp`, () => all().length >= count, ms);
      return uas.bodies();
    },
    stop: () => program.stop(1_000),
  };
  return uas;
}

/** A scenario that sends one MESSAGE a call and takes any of these answers as success (the first status is the expected one). */
export function messageScenario(message: {
  readonly to: string;
  readonly from: string;
  readonly body: string;
  readonly status?: number;
  readonly headers?: readonly string[];
}): string {
  const head = [
    `MESSAGE ${message.to} SIP/2.0`,
    "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]",
    "Max-Forwards: 70",
    `From: <${message.from}>;tag=[pid]s[call_number]`,
    `To: <${message.to}>`,
    "Call-ID: [call_id]",
    "CSeq: 1 MESSAGE",
    "Content-Type: text/plain;charset=utf-8",
    ...(message.headers ?? []),
    "Content-Length: [len]",
  ];
  return `<?xml version="1.0" encoding="UTF-8"?>
<scenario name="message">
<send retrans="500"><![CDATA[
${head.join("\n")}

${message.body}]]></send>
<recv response="100" optional="true"/>
<recv response="${message.status ?? 202}" timeout="32000"/>
</scenario>
`;
}

function uasScenario(status: number): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<scenario name="message sink">
<recv request="MESSAGE"/>
<send><![CDATA[
SIP/2.0 ${status} As told
[last_Via:]
[last_From:]
[last_To:];tag=[pid]u[call_number]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
`;
}

interface Started {
  readonly program: Program;
  readonly messages: string;
  readonly port: number;
}

async function start(options: Partial<SippOptions>, args: readonly string[]): Promise<Started> {
  const folder = temporaryFolder("sipp");
  const address = options.address ?? (await sharedAddress());
  const port = options.port ?? (await freePort(address));
  const scenario = join(folder, "scenario.xml");
  const messages = join(folder, "messages.log");
  writeFileSync(scenario, options.scenario ?? "");
  const injection = join(folder, "fields.csv");
  if (options.fields !== undefined) {
    writeFileSync(injection, `SEQUENTIAL\n${options.fields.map((line) => line.join(";")).join("\n")}\n`);
  }
  const program = new Program({
    name: "sipp",
    program: "sipp",
    packageName: "sip-tester",
    args: [
      ...args,
      ...[
        "-sf",
        scenario,
        "-i",
        address,
        "-p",
        String(port),
        "-t",
        options.transport === "tcp" ? "t1" : "u1",
      ],
      ...(options.fields === undefined ? [] : ["-inf", injection]),
      ...["-trace_msg", "-message_file", messages, "-message_overwrite", "true", "-nostdin", "-skip_rlimit"],
      ...["-cp", String(await freePort(address)), "-ci", address],
      ...(options.args ?? []),
    ],
    cwd: folder,
    env: { TERM: "dumb", LC_ALL: "C" },
  });
  program.start();
  return { program, messages, port };
}

interface Traced {
  readonly direction: "sent" | "received";
  readonly bytes: Buffer;
  readonly text: string;
}

// "----… date\nUDP message received [411] bytes :\n\n<411 octets>\n"; a message that is still being written is left for later.
function read(file: string): Traced[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    return [];
  }
  const found: Traced[] = [];
  const text = bytes.toString("latin1");
  const head = /(?:UDP|TCP) message (sent|received) [[(](\d+)[\])]? bytes ?:?\s*\n\n/g;
  for (let match = head.exec(text); match !== null; match = head.exec(text)) {
    const start = match.index + match[0].length;
    const end = start + Number(match[2]);
    if (end <= bytes.length) {
      const part = bytes.subarray(start, end);
      found.push({ direction: match[1] as "sent" | "received", bytes: part, text: part.toString("utf8") });
    }
    head.lastIndex = end;
  }
  return found;
}
