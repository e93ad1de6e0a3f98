/**
 * `isthmus sandbox`, which is `npm start` without a configuration: the exchange, staying up until Ctrl-C, a machine without Prosody.
 * @jest-environment ./test/support/environment.ts
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runCli, startCli } from "../support/cli";
import { eventually, temporaryFolder } from "../support/processes";
import { needs } from "../support/requires";

jest.setTimeout(60_000);

needs(["prosody"], "with Prosody", () => {
  test("--once: both lines stand in the transcript, exit code 0, nothing is left behind", async () => {
    const TMPDIR = temporaryFolder("sandbox");
    const { code, lines, log } = await runCli(["sandbox", "--once"], { env: { TMPDIR } });
    expect(log).toContain("Both lines crossed");
    expect(code).toBe(0);
    const [left, right] = columns(lines);
    expect(left).toContain("REGISTER sip:sip.localhost");
    expect(left).toContain("Digest username=");
    expect(left).toContain("MESSAGE sip:juliet@localhost");
    expect(left).toContain("But soft, what light through yonder window breaks?");
    expect(left).toContain("SIP/2.0 202");
    expect(left).toContain("Ay me! 🌹");
    expect(right).toMatch(/<message[^>]*from='romeo@sip\.localhost'/);
    expect(right).toContain("Ay me! 🌹");
    expect(log).toContain("Both see each other: romeo sees “retired to the chamber” (away)");
    expect(log).toContain("juliet sees “talking to Benvolio” (dnd)");
    for (const sip of [
      "SUBSCRIBE sip:juliet@localhost",
      "PUBLISH sip:romeo@sip.localhost",
      "pending",
      "on-the-phone",
    ])
      expect(left).toContain(sip);
    for (const type of ["subscribe", "subscribed"]) expect(right).toContain(`type='${type}'`);
    expect(readdirSync(TMPDIR)).toEqual([]);
  });

  test.each(["SIGINT", "SIGTERM"] as const)(
    "it stays up and says how to join; %s ends Prosody and removes the folder",
    async (signal) => {
      const TMPDIR = temporaryFolder("sandbox");
      const { program } = startCli(["sandbox"], { env: { TMPDIR } });
      await program.until("explanation", () => program.log().includes("Traffic is shown live below"), 30_000);
      for (const word of ["Ctrl-C", "juliet@localhost", "sip:romeo@sip.localhost", "password", "Health page"])
        expect(program.log()).toContain(word);
      const [folder = ""] = readdirSync(TMPDIR);
      const prosody = Number(readFileSync(join(TMPDIR, folder, "prosody.pid"), "utf8"));
      expect(isAlive(prosody)).toBe(true);
      program.kill(signal);
      expect(await program.exited).toBe(0);
      await eventually("end of Prosody", () => !isAlive(prosody));
      expect(readdirSync(TMPDIR)).toEqual([]);
    },
  );
});

test("without Prosody it says what to install, exit code 1", async () => {
  const TMPDIR = temporaryFolder("sandbox");
  const { code, log } = await runCli(["sandbox", "--once"], { env: { TMPDIR, PATH: TMPDIR } });
  expect(log).toMatch(/needs Prosody.*apt-get install prosody/);
  expect(code).toBe(1);
  expect(readdirSync(TMPDIR)).toEqual([]);
});

/** The texts of the two columns of the transcript, wrapped lines joined. */
function columns(lines: readonly string[]): [left: string, right: string] {
  const rows = lines.filter((line) => line.includes("│")).map((line) => line.split("│"));
  const join = (side: 0 | 1) =>
    rows.map((row) => (row[side] ?? "").slice(side === 0 ? TIME_WIDTH : 1).trimEnd()).join("");
  return [join(0), join(1)];
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Width of the column with the times. */
const TIME_WIDTH = 8;
