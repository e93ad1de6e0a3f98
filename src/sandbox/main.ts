/** The sandbox: a real Prosody, the gateway as its component, juliet on XMPP and romeo on SIP, all on loopback. */

import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../config/config";
import { loadConfig } from "../config/load";
import { tables } from "../config/options";
import { createLog } from "../log";
import { type Isthmus, startGateway } from "../main";
import { randomIds } from "../runtime/ids";
import { type Juliet, signIn } from "./juliet";
import { type SandboxPlan, sandboxConfig, usersFile } from "./plan";
import { freePort } from "./ports";
import { findProgram, type SandboxServer, startProsody } from "./prosody";
import { type Romeo, startRomeo } from "./romeo";
import { Transcript, watchTransports, watchXmpp } from "./transcript";

/** How long one line may take to cross. */
const LINE_MS = 10_000;
const LINK_MS = 15_000;
const ADDRESS = "127.0.0.1";

/**
 * Runs the sandbox.
 * @param once do the exchange and end, instead of staying up until a signal
 * @returns the exit code: 0 when both lines crossed, 1 when not (the reason is printed)
 */
export async function runSandbox({ once }: { readonly once: boolean }): Promise<number> {
  const program = findProgram("prosody");
  if (program === undefined) {
    process.stderr.write(
      "The sandbox needs Prosody, a real XMPP server: install it with `apt-get install prosody`.\n",
    );
    return 1;
  }
  const sandbox = new Sandbox();
  const signal = endSignal();
  try {
    await sandbox.open(program);
    await sandbox.exchange();
    await sandbox.presence();
    if (once) return 0;
    sandbox.explain();
    await signal.came;
    return 0;
  } catch (error) {
    process.stderr.write(`The sandbox failed: ${(error as Error).message}\n`);
    return 1;
  } finally {
    signal.forget();
    await sandbox.close();
  }
}

class Sandbox {
  readonly #folder = mkdtempSync(join(tmpdir(), "isthmus-sandbox-"));
  #plan: SandboxPlan | undefined;
  #prosody: ChildProcess | undefined;
  #isthmus: Isthmus | undefined;
  #juliet: Juliet | undefined;
  #romeo: Romeo | undefined;

  async open(program: string): Promise<void> {
    const plan = await makePlan(this.#folder);
    this.#plan = plan;
    say(`Starting Prosody (${program}) on ${ADDRESS} …`);
    this.#prosody = await startProsody(program, this.#folder, plan.server);
    say("Starting the gateway as its component …");
    const config = this.#config(plan);
    this.#isthmus = await startWatched(config);
    if (!(await this.#isthmus.settled(LINK_MS)))
      throw new Error("the gateway's component link did not come up");
    this.#romeo = await startRomeo(plan, tables(config).presence);
    const { server } = plan;
    this.#juliet = await signIn(
      ADDRESS,
      server.clientPort,
      server.domain,
      server.account.name,
      server.account.password,
    );
  }

  /** One line each way, over the real wire. */
  async exchange(): Promise<void> {
    const { plan, juliet, romeo } = this.#parts();
    say("\nRomeo's phone registers at the gateway, with digest:\n");
    await romeo.register();
    say("\nRomeo (SIP) writes to Juliet (XMPP), and she answers:\n");
    await romeo.say(plan.julietUri, "But soft, what light through yonder window breaks?");
    const heard = await juliet.heard(LINE_MS);
    await juliet.say(heard.from, "Ay me! 🌹");
    const answer = await romeo.heard(LINE_MS);
    say(`\nBoth lines crossed: juliet read “${heard.text}”, romeo read “${answer}”.`);
  }

  /** Both subscriptions, an approval on each side, and a change of state on each side. */
  async presence(): Promise<void> {
    const { plan, juliet, romeo } = this.#parts();
    say("\nRomeo's phone publishes what he shows, and Juliet asks to see it:\n");
    await romeo.presence.show(plan.romeoUri, undefined, "in the orchard");
    await juliet.watch(plan.romeoJid);
    say("\nHe asks to see her, which lets her see him; she agrees:\n");
    await romeo.presence.watch(plan.romeoUri, plan.julietUri);
    await juliet.sees("leave to see Romeo", LINE_MS, ({ type }) => type === "subscribed");
    await juliet.sees("Romeo online", LINE_MS, ({ type }) => type === "available");
    const asks = await juliet.asked(LINE_MS);
    // The first NOTIFY gives her server a moment to answer; she is not so fast, and he sees that he has to wait.
    await romeo.presence.sees("that she has still to agree", LINE_MS, ({ state }) => state === "pending");
    await juliet.approve(asks);
    await romeo.presence.sees("Juliet online", LINE_MS, ({ device }) => device?.open === true);
    say("\nJuliet goes away for a while, and Romeo takes a call:\n");
    await juliet.show("away", "retired to the chamber");
    const seen = await romeo.presence.sees("Juliet away", LINE_MS, ({ device }) => device?.show === "away");
    await romeo.presence.show(plan.romeoUri, "on-the-phone", "talking to Benvolio");
    const told = await juliet.sees("Romeo busy", LINE_MS, ({ show }) => show === "dnd");
    say(
      `\nBoth see each other: romeo sees “${seen.device?.notes[0]?.text}” (${seen.device?.show}), ` +
        `juliet sees “${told.status}” (${told.show}).`,
    );
  }

  /** What a person needs to join with clients of their own. */
  explain(): void {
    const { plan } = this.#parts();
    const { server } = plan;
    say(`
Join with your own clients (Ctrl-C ends everything and cleans up):

  XMPP  juliet@${server.domain}  password ${server.account.password}
        server ${ADDRESS}, port ${server.clientPort}, no TLS (loopback only)
        write to ${plan.romeoJid}
  SIP   ${plan.romeoUri}  user romeo  password ${plan.romeoPassword}
        registrar and outbound proxy ${ADDRESS}:${plan.sipPort}, UDP or TCP; register with digest
        write to ${plan.julietUri}
  Health page  http://${ADDRESS}:${plan.healthPort}/health

Traffic is shown live below.
`);
  }

  async close(): Promise<void> {
    await this.#juliet?.leave().catch(() => undefined);
    await this.#romeo?.stop();
    const report = await this.#isthmus?.stop();
    if (report !== undefined) say(`Gateway stopped: ${report.journalled} messages left in the journal.`);
    if (this.#prosody !== undefined) await stopped(this.#prosody);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #config(plan: SandboxPlan): Config {
    const file = join(this.#folder, "isthmus.yaml");
    writeFileSync(join(this.#folder, "users.yaml"), usersFile(plan), { mode: 0o600 });
    writeFileSync(file, sandboxConfig(plan), { mode: 0o600 });
    return loadConfig(file, process.env);
  }

  #parts(): { plan: SandboxPlan; juliet: Juliet; romeo: Romeo } {
    if (this.#plan === undefined || this.#juliet === undefined || this.#romeo === undefined) {
      throw new Error("the sandbox is not open"); // our own order of calls is wrong
    }
    return { plan: this.#plan, juliet: this.#juliet, romeo: this.#romeo };
  }
}

/** The gateway, with its traffic shown as it passes. */
function startWatched(config: Config): Promise<Isthmus> {
  const transcript = new Transcript(say, () => performance.now(), process.stdout.columns ?? 140);
  transcript.heading();
  return startGateway(config, {
    log: createLog({ level: "warn", format: "text" }),
    watchTransports: (transports) => watchTransports(transports, transcript),
    watchXmpp: (xmpp) => watchXmpp(xmpp, transcript),
  });
}

async function makePlan(folder: string): Promise<SandboxPlan> {
  const ids = randomIds();
  const server: SandboxServer = {
    address: ADDRESS,
    clientPort: await freePort(ADDRESS, 5222),
    componentPort: await freePort(ADDRESS, 5347),
    domain: "localhost",
    componentHost: "sip.localhost",
    secret: ids.random(),
    account: { name: "juliet", password: ids.random(48) },
  };
  return {
    folder,
    server,
    sipPort: await freePort(ADDRESS, 5060),
    romeoPort: await freePort(ADDRESS, 5070),
    healthPort: await freePort(ADDRESS, 8060),
    romeoPassword: ids.random(48),
    romeoUri: "sip:romeo@sip.localhost",
    romeoJid: "romeo@sip.localhost",
    julietUri: "sip:juliet@localhost",
  };
}

/** Ctrl-C or SIGTERM; until it came or is forgotten, the process stays up. */
function endSignal(): { readonly came: Promise<void>; forget(): void } {
  let forget = (): void => undefined;
  const came = new Promise<void>((resolve) => {
    const keepAlive = setInterval(() => undefined, 60_000);
    forget = () => {
      clearInterval(keepAlive);
      process.off("SIGINT", end);
      process.off("SIGTERM", end);
    };
    const end = (): void => {
      forget();
      resolve();
    };
    process.on("SIGINT", end);
    process.on("SIGTERM", end);
  });
  return { came, forget: () => forget() };
}

function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), 3_000);
    child.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill("SIGTERM");
  });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
