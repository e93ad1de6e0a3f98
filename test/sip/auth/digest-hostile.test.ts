/** What an attacker may try against digest, and what a slow or absent directory does. RFC 7616 §5, RFC 8760. */

import type { DigestSecret, DirectoryAnswer, Looked, Person } from "../../../src/gateway/sides";
import { type Guess, GuessGuard } from "../../../src/sip/auth/guess-guard";
import {
  digestUser,
  type RegistrarStage,
  registerText,
  type SignParts,
  signFor,
  startRegistrarStage,
} from "../../support/registrar-stage";
import { headerOf, requestText, statusOf } from "../../support/sip-side";

// Ten thousand guesses take a while on a busy machine.
jest.setTimeout(30_000);

const PHONE = { address: "198.51.100.50", port: 5062 };

let stage: RegistrarStage;
let serial = 0;

beforeEach(async () => {
  stage = await startRegistrarStage();
});

async function challenge(): Promise<string> {
  return stage.ask(registerText({ callId: `challenge-${serial++}` }), PHONE);
}

/** A signed REGISTER, from a challenge of before or a new one. */
async function attempt(
  parts: SignParts & { readonly source?: object; readonly claimed?: string },
  from?: string,
): Promise<string> {
  const offer = from ?? (await challenge());
  const user = parts.claimed ?? parts.user ?? "romeo";
  const text = registerText({ user, callId: `attempt-${serial++}` }, signFor(offer, parts));
  return stage.ask(text, parts.source ?? PHONE);
}

function isStale(answer: string): boolean {
  return /stale=true/.test(answer);
}

describe("credentials", () => {
  test.each(["SHA-512-256", "SHA-256", "MD5"] as const)("by %s are taken", async (algorithm) => {
    expect(statusOf(await attempt({ algorithm }))).toBe(200);
  });

  test.each<[string, SignParts]>([
    ["a wrong password", { password: "wrong" }],
    ["an unknown user", { user: "nobody", password: "x" }],
    ["a wrong realm inside the hash", { realm: "elsewhere" }],
    ["another method", { method: "MESSAGE" }],
    ["auth-int over another body", { qop: "auth-int", body: "changed" }],
    ["a nonce count of zero", { nc: "00000000" }],
  ])("%s: 401", async (_name, parts) => {
    expect(statusOf(await attempt({ ...parts, claimed: "romeo" }))).toBe(401);
    expect(stage.registrar.book.size).toBe(0);
  });

  test("auth-int proves the body", async () => {
    expect(statusOf(await attempt({ qop: "auth-int", body: "" }))).toBe(200);
  });

  test("a replay of the whole request, another Call-ID to it, is stale", async () => {
    const offer = await challenge();
    expect(statusOf(await attempt({}, offer))).toBe(200);
    const replay = await attempt({}, offer);
    expect([statusOf(replay), isStale(replay)]).toEqual([401, true]);
    expect(statusOf(await attempt({ nc: "00000002" }, offer))).toBe(200);
  });

  test.each([
    ["forged", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
    ["of no form", "x"],
    ["empty", ""],
  ])("a nonce that is %s costs no look-up", async (_name, nonce) => {
    const asked: string[] = [];
    const directory = people((username) => {
      asked.push(username);
      return found(username);
    });
    stage = await startRegistrarStage({ directory });
    expect(statusOf(await attempt({ nonce }))).toBe(401);
    expect(asked).toEqual([]);
  });

  test("a nonce of another gateway is no use", async () => {
    const other = await startRegistrarStage();
    const offer = await other.ask(registerText({}), PHONE);
    const answer = await attempt({}, offer);
    expect([statusOf(answer), isStale(answer)]).toEqual([401, true]);
  });

  test("an algorithm that was not offered is a downgrade", async () => {
    const strong = { ...digestUser("romeo"), ha1: { "SHA-256": digestUser("romeo").ha1["SHA-256"] ?? "" } };
    stage = await startRegistrarStage({ sip: { users: [strong] } });
    expect([...(await challenge()).matchAll(/algorithm=/g)]).toHaveLength(1);
    expect(statusOf(await attempt({ algorithm: "MD5" }))).toBe(401);
    expect(statusOf(await attempt({ algorithm: "SHA-256" }))).toBe(200);
  });

  test("a mixed file offers what everybody can answer", async () => {
    const old = { ...digestUser("juliet"), ha1: { MD5: digestUser("juliet").ha1.MD5 ?? "" } };
    stage = await startRegistrarStage({ sip: { users: [digestUser("romeo"), old] } });
    expect(headerOf(await challenge(), "WWW-Authenticate")).toContain("algorithm=MD5");
    expect([...(await challenge()).matchAll(/algorithm=/g)]).toHaveLength(1);
  });

  test("a wrong user and a wrong password get the same answer", async () => {
    const answers = [
      await attempt({ password: "wrong" }),
      await attempt({ user: "nobody", password: "x", claimed: "romeo" }),
    ].map((text) => text.replace(/nonce="[^"]*"/g, "").replace(/(attempt|branch)[^;\r]*|tag=[^;\r]*/g, ""));
    expect(answers[1]).toBe(answers[0]);
  });
});

describe("guesses", () => {
  test("10,000 at one account from one address: some twenty are judged, and the owner goes on", async () => {
    const owner = { address: "203.0.113.77", port: 5070 };
    expect(statusOf(await attempt({ source: owner }))).toBe(200);
    const offer = await challenge();
    let judged = 0;
    let slowed = 0;
    for (let guess = 0; guess < 10_000; guess++) {
      const text = registerText(
        { callId: `guess-${guess}` },
        signFor(offer, { password: `p${guess}`, nc: hex(guess + 1) }),
      );
      stage.transports.receive(text, PHONE);
      const status = statusOf(stage.transports.take()[0]?.text ?? "");
      if (status === 401) judged++;
      else if (status === 503) slowed++;
    }
    expect(judged).toBe(20);
    expect(slowed).toBe(9_980);
    expect(statusOf(await attempt({ source: owner }))).toBe(200);
    const right = await attempt({});
    expect([statusOf(right), Number(headerOf(right, "Retry-After"))]).toEqual([503, 10]);
    stage.clock.advance(10_000);
    expect(statusOf(await attempt({}))).toBe(200);
    expect(stage.counters.get("sip.auth.slowed")).toBe(9_981);
    expect(stage.counters.get("sip.auth.failures")).toBe(20);
  });

  test("from everywhere at one account: slowed, but not where its owner has signed before", () => {
    const guard = new GuessGuard();
    guard.giveBack(taken(guard.take("203.0.113.77", "romeo", 0)), 0, true);
    let judged = 0;
    for (let guess = 0; guess < 10_000; guess++) {
      if (isTaken(guard.take(`10.${guess >> 8}.${guess & 255}.1`, "romeo", 1_000))) judged++;
    }
    expect(judged).toBe(100);
    taken(guard.take("203.0.113.77", "romeo", 1_000));
    expect(guard.take("203.0.113.78", "romeo", 1_000)).toBeGreaterThan(0);
    taken(guard.take("203.0.113.78", "juliet", 1_000));
  });

  test("from elsewhere at an account: its owner's own sign-ins give the guesser nothing back", () => {
    const guard = new GuessGuard();
    guard.giveBack(taken(guard.take("203.0.113.77", "romeo", 0)), 0, true);
    for (let guess = 0; guess < 100; guess++) taken(guard.take(`10.0.${guess}.1`, "romeo", 1_000));
    for (let n = 0; n < 5; n++)
      guard.giveBack(taken(guard.take("203.0.113.77", "romeo", 1_000)), 1_000, true);
    expect(isTaken(guard.take("10.1.0.1", "romeo", 1_000))).toBe(false);
  });

  test("from one address at many accounts: slowed", () => {
    const guard = new GuessGuard();
    let judged = 0;
    for (let guess = 0; guess < 10_000; guess++)
      if (isTaken(guard.take("10.0.0.1", `user${guess}`, 0))) {
        guard.wrong("10.0.0.1", 0);
        judged++;
      }
    expect(judged).toBe(200);
  });

  test("an address pays for what was wrong, and not for what the directory is still asked", () => {
    const guard = new GuessGuard();
    for (let user = 0; user < 1_000; user++) taken(guard.take("10.0.0.1", `user${user}`, 0));
    for (let user = 0; user < 200; user++) {
      expect(guard.waitOf("10.0.0.1", 0)).toBe(0);
      guard.wrong("10.0.0.1", 0);
    }
    expect(guard.waitOf("10.0.0.1", 0)).toBe(1);
    // A request that came earlier, and waited longer, makes the address no poorer and no richer.
    expect(guard.waitOf("10.0.0.1", 10_000)).toBe(0);
    for (let user = 0; user < 10; user++) guard.wrong("10.0.0.1", 10_000);
    expect(guard.waitOf("10.0.0.1", 5_000)).toBe(1);
    expect(guard.waitOf("10.0.0.1", 10_000)).toBe(1);
  });

  test("the addresses of one IPv6 network count as one", () => {
    const guard = new GuessGuard();
    let judged = 0;
    for (let guess = 0; guess < 1_000; guess++) {
      const address = guess % 2 === 0 ? `2001:db8::${guess.toString(16)}` : `2001:db8:0:0:1:2:3:${guess}`;
      if (isTaken(guard.take(address, "romeo", 0))) judged++;
    }
    expect(judged).toBe(20);
    taken(guard.take("2001:db8:0:1::1", "mercutio", 0));
  });

  test("right answers cost nothing, however many", () => {
    const guard = new GuessGuard();
    for (let n = 0; n < 100_000; n++) guard.giveBack(taken(guard.take("10.0.0.1", "romeo", 0)), 0, true);
    taken(guard.take("10.0.0.1", "romeo", 0));
  });
});

describe("a directory", () => {
  test("that answers later: the request waits, and is answered", async () => {
    stage = await startRegistrarStage({ directory: people(async (username) => found(username)) });
    expect(statusOf(await attempt({}))).toBe(200);
    expect(statusOf(await attempt({ password: "wrong" }))).toBe(401);
    expect(statusOf(await message({}))).toBe(202);
    expect(statusOf(await message({ password: "wrong" }))).toBe(401);
  });

  test("that is away: 503 with Retry-After, for whoever it is", async () => {
    const away: DirectoryAnswer<never> = { kind: "unavailable", retryAfter: 17 };
    for (const answer of [away, Promise.resolve(away)] as Looked<DigestSecret>[]) {
      stage = await startRegistrarStage({ directory: people(() => answer) });
      for (const user of ["romeo", "nobody"]) {
        const text = await attempt({ user, password: "x", claimed: "romeo" });
        expect([statusOf(text), headerOf(text, "Retry-After")]).toEqual([503, "17"]);
      }
    }
  });

  test("that never answers: 503 in ten seconds", async () => {
    stage = await startRegistrarStage({ directory: people(() => new Promise(() => undefined)) });
    const answer = attempt({});
    for (let second = 0; second < 12; second++) {
      await stage.quiet();
      stage.clock.advance(1_000);
    }
    expect(statusOf(await answer)).toBe(503);
  });

  test("is asked once more when the digest does not fit what it remembers, known or not", async () => {
    const asked: [string, boolean][] = [];
    let password = "old";
    const directory = people((username, isFresh) => {
      asked.push([username, isFresh]);
      if (username !== "romeo") return UNKNOWN;
      return isFresh ? Promise.resolve(found("romeo")) : found("romeo", password);
    });
    stage = await startRegistrarStage({ directory });
    expect(statusOf(await attempt({}))).toBe(200);
    expect(asked).toEqual([
      ["romeo", false],
      ["romeo", true],
    ]);
    asked.length = 0;
    password = "oemor";
    await attempt({});
    expect(asked).toEqual([["romeo", false]]);
    asked.length = 0;
    await attempt({ user: "nobody", password: "x", claimed: "romeo" });
    expect(asked).toEqual([
      ["nobody", false],
      ["nobody", true],
    ]);
  });

  test("that goes away after it was asked: what is remembered decides", async () => {
    const directory = people((username, isFresh) =>
      isFresh ? Promise.resolve({ kind: "unavailable", retryAfter: 5 }) : found(username),
    );
    stage = await startRegistrarStage({ directory });
    expect(statusOf(await attempt({ password: "wrong" }))).toBe(401);
    expect(statusOf(await attempt({}))).toBe(200);
  });

  test("an alias speaks as its owner; another's address does not", async () => {
    const directory = people((username) => found(username), {
      "sip:r.montague@office.test": person("romeo"),
      "sip:juliet@office.test": person("juliet"),
    });
    stage = await startRegistrarStage({ directory });
    expect(statusOf(await message({ from: "<sip:r.montague@office.test>;tag=1" }))).toBe(202);
    expect(stage.messages[0]?.fromUri).toBe("sip:romeo@office.test");
    expect(stage.messages[0]?.signer).toMatchObject({
      sipUri: "sip:romeo@office.test",
      jid: "romeo@office.test",
    });
    expect(statusOf(await message({ from: "<sip:juliet@office.test>;tag=1" }))).toBe(403);
    expect(statusOf(await message({ from: "<sip:tybalt@office.test>;tag=1" }))).toBe(403);
    const parts = { from: "<sip:romeo@office.test>;tag=1", to: "<sip:r.montague@office.test>" };
    expect(statusOf(await stage.register({ ...parts, source: PHONE }))).toBe(200);
    expect(stage.registrar.book.isRegistered("romeo@office.test")).toBe(true);
    expect((await stage.send("sip:r.montague@office.test")).status).toBe(200);
  });

  test("somebody without leave is told so only when he has proven who he is", async () => {
    const directory = people((username) => found(username, undefined, { isAllowed: false }));
    stage = await startRegistrarStage({ directory });
    expect(statusOf(await attempt({ password: "wrong" }))).toBe(401);
    expect(statusOf(await attempt({}))).toBe(403);
  });
});

test("no secret stands in any log line", async () => {
  await attempt({});
  await attempt({ password: "wrong" });
  const { ha1 } = digestUser("romeo");
  const text = JSON.stringify(stage.log.lines);
  for (const secret of [...Object.values(ha1), "oemor"]) expect(text).not.toContain(secret);
});

interface MessageParts {
  readonly password?: string;
  readonly from?: string;
}

async function message({ password, from = "<sip:romeo@office.test>;tag=1" }: MessageParts): Promise<string> {
  const uri = "sip:juliet@xmpp.test";
  const request = (extra: readonly string[]) =>
    requestText({ from, uri, extra, callId: `message-${serial}`, cseq: serial++ + 1 });
  const offer = await stage.ask(request([]), PHONE);
  const parts = { method: "MESSAGE", uri, ...(password === undefined ? {} : { password }) };
  return stage.ask(request([`Authorization: ${signFor(offer, parts)}`]), PHONE);
}

function person(name: string, more: Partial<Person> = {}): Person {
  return {
    id: name,
    sipUri: `sip:${name}@office.test`,
    jid: `${name}@office.test`,
    isAllowed: true,
    ...more,
  };
}

function found(username: string, password?: string, more?: Partial<Person>): DirectoryAnswer<DigestSecret> {
  const { ha1 } = digestUser(password === "old" ? `not-${username}` : username);
  return { kind: "found", value: { username, ha1, person: person(username, more) } };
}

function people(
  secretOf: (username: string, isFresh: boolean) => Looked<DigestSecret>,
  names: Readonly<Record<string, Person>> = {},
) {
  return {
    secretOf: (username: string, _realm: string, isFresh = false) => secretOf(username, isFresh),
    bySip: (uri: string): Looked<Person> => {
      const named = names[uri];
      return named === undefined ? UNKNOWN : { kind: "found", value: named };
    },
  };
}

function taken(guess: Guess | number): Guess {
  if (typeof guess === "number") throw new Error(`to wait ${guess} s`);
  return guess;
}

function isTaken(guess: Guess | number): boolean {
  return typeof guess !== "number";
}

function hex(count: number): string {
  return count.toString(16).padStart(8, "0");
}

const UNKNOWN: { readonly kind: "unknown" } = { kind: "unknown" };
