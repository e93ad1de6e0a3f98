/** Child processes of the tests: started in their own process group, stopped by pid, gone when the test process is gone. */

import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { onEnd, onFailure } from "./failure";

/** A program that a test needs is not on this machine; the message names the Debian package that holds it. */
export class NotInstalled extends Error {
  constructor(readonly packageName: string) {
    super(`${packageName} is not installed`);
  }
}

export interface ProgramOptions {
  /** Short name for messages, such as "prosody". */
  readonly name: string;
  /** File name to look up, or an absolute path. */
  readonly program: string;
  /** Debian package, for NotInstalled. */
  readonly packageName: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Files that the program logs to besides its output. */
  readonly logFiles?: readonly string[];
  /** Keep standard output out of log(): it is a protocol (see onLine). */
  readonly outputIsProtocol?: boolean;
}

/** A running (or ended, or started again) program. */
export class Program {
  private child: ChildProcess | undefined;
  private output = "";
  private unfinished = "";
  private ended: Promise<number | null> = Promise.resolve(null);
  private readonly outputWaiters = new Set<() => void>();
  private readonly lineHandlers: ((line: string) => void)[] = [];

  constructor(private readonly options: ProgramOptions) {
    onFailure(() => `--- log of ${options.name} (pid ${this.pid ?? "none"})\n${tail(this.log())}`);
  }

  /** Process id, undefined when it is not running. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Is the process alive? */
  get running(): boolean {
    return this.child !== undefined;
  }

  /** Resolves with the exit code (null after a signal) once the present process has ended. */
  get exited(): Promise<number | null> {
    return this.ended;
  }

  /** Starts the process. Throws NotInstalled when the program cannot be found. */
  start(): void {
    if (this.child !== undefined) {
      throw new Error(`${this.options.name} is running already`);
    }
    const program = findProgram(this.options.program, this.options.packageName);
    const child = spawn(program, [...this.options.args], {
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...this.options.env },
      ...(this.options.cwd === undefined ? {} : { cwd: this.options.cwd }),
    });
    this.child = child;
    child.stdin?.on("error", () => undefined); // a program that ended does not read; its exit says so
    child.stdout?.setEncoding("utf8").on("data", (text: string) => this.take(text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => this.append(text));
    watch(child);
    child.unref();
    [child.stdin, child.stdout, child.stderr].forEach(unref);
    this.ended = new Promise((resolve) => {
      child.on("error", (error) => this.append(`cannot start: ${error.message}\n`));
      child.on("close", (code, signal) => {
        this.append(`--- ${this.options.name} ended: ${signal ?? code}\n`);
        unwatch(child);
        this.child = undefined;
        this.wake();
        resolve(code);
      });
    });
  }

  /** Everything that it wrote so far, and its log files. */
  log(): string {
    const files = (this.options.logFiles ?? []).map((file) => {
      try {
        return readFileSync(file, "utf8");
      } catch {
        return "";
      }
    });
    return this.output + files.join("");
  }

  /** Calls back for every further line on standard output. */
  onLine(handler: (line: string) => void): void {
    this.lineHandlers.push(handler);
  }

  write(text: string): void {
    this.child?.stdin?.write(text);
  }

  /**
   * Waits until `ready` holds. It is asked again whenever the program writes, and every 20 ms.
   * Rejects when the program ends first, or after `ms`.
   */
  async until(what: string, ready: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> {
    const end = Date.now() + ms;
    while (!(await ready())) {
      if (!this.running) {
        throw new Error(`${this.options.name} ended before ${what}\n${tail(this.log())}`);
      }
      if (Date.now() > end) {
        throw new Error(`${this.options.name}: no ${what} within ${ms} ms\n${tail(this.log())}`);
      }
      await this.nextOutput(20);
    }
  }

  /** Sends a signal to the process alone. */
  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    if (this.child?.pid !== undefined) {
      signalQuietly(this.child.pid, signal);
    }
  }

  /** Sends a signal to the whole process group. */
  killGroup(signal: NodeJS.Signals = "SIGKILL"): void {
    if (this.child?.pid !== undefined) {
      signalQuietly(-this.child.pid, signal);
    }
  }

  /** Asks it to end, then makes it; resolves when it has ended. */
  async stop(graceMs = 5_000): Promise<void> {
    const group = this.child?.pid;
    if (group === undefined) {
      return;
    }
    this.kill("SIGTERM");
    const alarm = setTimeout(() => signalQuietly(-group, "SIGKILL"), graceMs);
    await this.ended;
    clearTimeout(alarm);
    signalQuietly(-group, "SIGKILL"); // whoever stayed behind in its group
  }

  private take(text: string): void {
    if (this.options.outputIsProtocol !== true) {
      this.append(text);
    }
    if (this.lineHandlers.length === 0) {
      return;
    }
    const lines = (this.unfinished + text).split("\n");
    this.unfinished = lines.pop() ?? "";
    for (const line of lines) {
      for (const handler of this.lineHandlers) {
        handler(line);
      }
    }
  }

  private append(text: string): void {
    this.output += text;
    this.wake();
  }

  private wake(): void {
    for (const waiter of this.outputWaiters) {
      waiter();
    }
    this.outputWaiters.clear();
  }

  private nextOutput(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const alarm = setTimeout(resolve, ms);
      this.outputWaiters.add(() => {
        clearTimeout(alarm);
        resolve();
      });
    });
  }
}

/** Full path of a program; also looks into the administrator's folders. Throws NotInstalled. */
export function findProgram(program: string, packageName: string): string {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"];
  for (const path of program.startsWith("/") ? [program] : folders.map((folder) => join(folder, program))) {
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not here
    }
  }
  throw new NotInstalled(packageName);
}

/** A fresh folder that is removed when the test process ends, in whatever way. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `isthmus-${name}-`));
  folders.add(folder);
  tellKeeper(`folder ${folder}`);
  return folder;
}

/** Resolves as soon as `check` holds, asked every 20 ms; rejects after `ms` with a sentence that says what did not come. */
export async function eventually(
  what: string,
  check: () => boolean | Promise<boolean>,
  ms = 10_000,
): Promise<void> {
  const end = Date.now() + ms;
  while (!(await check())) {
    if (Date.now() > end) {
      throw new Error(`${what} did not come within ${ms} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const folders = new Set<string>();
const groups = new Map<ChildProcess, number>();
let keeper: ChildProcess | undefined;

function watch(child: ChildProcess): void {
  if (child.pid !== undefined) {
    groups.set(child, child.pid);
    tellKeeper(`group ${child.pid}`);
  }
}

function unwatch(child: ChildProcess): void {
  const group = groups.get(child);
  if (group !== undefined) {
    groups.delete(child);
    signalQuietly(-group, "SIGKILL"); // children that outlived their leader
    tellKeeper(`gone ${group}`);
  }
}

onEnd(() => {
  for (const group of groups.values()) {
    signalQuietly(-group, "SIGKILL");
  }
  for (const folder of folders) {
    rmSync(folder, { recursive: true, force: true });
  }
});

// The keeper outlives us, however we end: its input ends then, and it ends what we had started.
function tellKeeper(line: string): void {
  if (keeper === undefined) {
    keeper = spawn("/bin/sh", ["-c", KEEPER], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
    keeper.unref(); // neither it nor a forgotten program may keep us alive
    keeper.stdin?.on("error", () => undefined);
    unref(keeper.stdin);
  }
  keeper.stdin?.write(`${line}\n`);
}

const KEEPER = `
groups=" "; folders=""
while read -r kind value; do
  case $kind in
    group) groups="$groups$value " ;;
    gone) groups=$(printf %s "$groups" | sed "s/ $value / /") ;;
    folder) folders="$folders $value" ;;
  esac
done
for group in $groups; do kill -9 "-$group" 2>/dev/null; done
for folder in $folders; do rm -rf -- "$folder"; done
`;

// A pipe is a socket underneath; the types know it as a stream only.
function unref(stream: unknown): void {
  if (stream instanceof Socket) {
    stream.unref();
  }
}

function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it is gone already
  }
}

function tail(text: string): string {
  return text.length > LONGEST_LOG ? `…${text.slice(-LONGEST_LOG)}` : text;
}

/** Enough to see what happened, not so much that it hides the failure. */
const LONGEST_LOG = 8_000;
