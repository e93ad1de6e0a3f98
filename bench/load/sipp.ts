/** SIPp as load: a UAC that sends MESSAGEs at a rate, a UAS that answers them. Loopback only, bounded in count. */

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cpuTimes } from "./process-figures";

export interface UacResult {
  readonly sent: number;
  readonly successful: number;
  readonly failed: number;
  readonly retransmissions: number;
  /** Time to the final answer, milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly seconds: number;
  /** CPU of SIPp itself, seconds. */
  readonly cpuSeconds: number;
}

/** Sends `count` MESSAGEs at `rate` a second from many users. */
export function sippUac(folder: string, target: string, rate: number, count: number): Promise<UacResult> {
  const users = [...Array(USERS).keys()].map((n) => `romeo${n}`);
  return sippCalls(folder, target, { scenario: UAC, users }, rate, count);
}

/** What SIPp plays, and the lines of its injection file. */
export interface Play {
  readonly scenario: string;
  readonly users: readonly string[];
}

/** Makes `count` calls at `rate` a second, one user after another. */
export async function sippCalls(
  folder: string,
  target: string,
  play: Play,
  rate: number,
  count: number,
): Promise<UacResult> {
  const scenario = join(folder, "uac.xml");
  writeFileSync(scenario, play.scenario);
  const users = join(folder, "users.csv");
  writeFileSync(users, `SEQUENTIAL\n${play.users.join("\n")}\n`);
  const name = join(folder, `uac-${rate}`);
  const args = [
    "-sf",
    scenario,
    "-inf",
    users,
    target,
    "-i",
    "127.0.0.1",
    "-r",
    String(rate),
    "-rp",
    "1000",
    "-m",
    String(count),
  ];
  const limits = [
    "-l",
    "200000",
    "-timeout",
    "60s",
    "-nostdin",
    "-buff_size",
    "16777216",
    "-trace_stat",
    "-fd",
    "1",
  ];
  const startedAt = performance.now();
  const stats = ["-stf", `${name}.csv`, "-trace_rtt", "-rtt_freq", "1000"];
  const child = spawn("sipp", [...args, ...limits, ...stats], { cwd: folder, stdio: "ignore" });
  // A call that nobody ends would keep SIPp waiting for ever, whatever -timeout says.
  const tooLong = setTimeout(() => child.kill("SIGKILL"), (count / rate + LAST_CALLS_SECONDS) * 1000);
  let cpuSeconds = 0;
  const watch = setInterval(() => {
    const { user, system } = cpuTimes(child.pid ?? 0);
    cpuSeconds = Math.max(cpuSeconds, user + system);
  }, CPU_EVERY_MS);
  await ended(child).finally(() => {
    clearInterval(watch);
    clearTimeout(tooLong);
  });
  const seconds = (performance.now() - startedAt) / 1000;
  return { ...lastRow(`${name}.csv`), ...responseTimes(folder), seconds, cpuSeconds };
}

/** What a process took is gone with it: it is read while it runs. */
const CPU_EVERY_MS = 200;

export interface Uas {
  readonly child: ChildProcess;
  /** MESSAGEs taken so far. */
  taken(): number;
  close(): void;
}

/** Answers every MESSAGE with 200. */
export function sippUas(folder: string, port: number): Uas {
  const scenario = join(folder, "uas.xml");
  writeFileSync(scenario, UAS);
  const file = join(folder, `uas-${port}.csv`);
  const args = ["-sf", scenario, "-i", "127.0.0.1", "-p", String(port), "-nostdin", "-buff_size", "16777216"];
  const child = spawn("sipp", [...args, "-trace_stat", "-fd", "1", "-stf", file], {
    cwd: folder,
    stdio: "ignore",
  });
  return {
    child,
    taken: () => {
      try {
        return lastRow(file).successful;
      } catch {
        return 0;
      }
    },
    close: () => child.kill("SIGKILL"),
  };
}

/** Timer F, and a little. */
const LAST_CALLS_SECONDS = 40;

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => resolve(code));
    child.once("error", reject); // its folder or program has gone: nothing would ever exit
  });
}

function lastRow(file: string): {
  sent: number;
  successful: number;
  failed: number;
  retransmissions: number;
} {
  const lines = readFileSync(file, "utf8").trim().split("\n");
  const names = (lines[0] ?? "").split(";");
  const values = (lines.at(-1) ?? "").split(";");
  const value = (name: string): number => Number(values[names.indexOf(name)] ?? 0);
  return {
    sent: value("TotalCallCreated"),
    successful: value("SuccessfulCall(C)"),
    failed: value("FailedCall(C)"),
    retransmissions: value("Retransmissions(C)"),
  };
}

function responseTimes(folder: string): { p50: number; p99: number } {
  const { readdirSync, unlinkSync } = require("node:fs") as typeof import("node:fs");
  const times: number[] = [];
  for (const name of readdirSync(folder).filter((file) => file.endsWith("_rtt.csv"))) {
    for (const line of readFileSync(join(folder, name), "utf8").split("\n").slice(1)) {
      const milliseconds = Number(line.split(";")[1]);
      if (line !== "" && Number.isFinite(milliseconds)) times.push(milliseconds);
    }
    unlinkSync(join(folder, name));
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

/** People who write, in both directions. */
export const USERS = 1_000;

const UAC = `<?xml version="1.0" encoding="UTF-8"?>
<scenario name="messages">
<send retrans="500" start_rtd="1"><![CDATA[
MESSAGE sip:juliet@xmpp.bench SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: <sip:[field0]@sip.bench>;tag=[pid]s[call_number]
To: <sip:juliet@xmpp.bench>
Call-ID: [call_id]
CSeq: 1 MESSAGE
Content-Type: text/plain;charset=utf-8
Content-Length: [len]

message [call_number] of the bench, as long as people write]]></send>
<recv response="100" optional="true"/>
<recv response="200" optional="true" rtd="1" next="1"/>
<recv response="202" rtd="1" timeout="35000"/>
<label id="1"/>
</scenario>
`;

const UAS = `<?xml version="1.0" encoding="UTF-8"?>
<scenario name="message sink">
<recv request="MESSAGE"/>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[pid]u[call_number]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
`;
