/** The registrar on a real SIP side and a real store in memory; the test plays network, phones and time. */

import { join } from "node:path";
import type { SipMessageOut } from "../../src/core/effect";
import type { SipMessageInput, SipOutcome } from "../../src/core/input";
import type { RateLimiter } from "../../src/gateway/rate/rate-limiter";
import type { RegistrarOptions } from "../../src/gateway/registrar/options";
import { createRegistrar, type Registrar } from "../../src/gateway/registrar/registrar";
import type { Directory, SipEventHandler } from "../../src/gateway/sides";
import { createCounters } from "../../src/runtime/counters";
import { type DigestAlgorithm, digestHa1, digestResponse } from "../../src/sip/auth/digest";
import { parseChallenge } from "../../src/sip/message/challenge";
import type { DigestUser, SipOptions } from "../../src/sip/options";
import type { Source } from "../../src/sip/transport/transport";
import { createSipSide } from "../../src/sip/user-agent";
import { type OpenStore, openStore } from "../../src/store/sqlite-store";
import { countedIds } from "./counted-ids";
import { type FakeTransports, fakeTransports, type SentBytes } from "./fake-transports";
import { type FixedClock, fixedClock } from "./fixed-clock";
import { type NullLog, nullLog } from "./null-log";
import { headerOf, OPTIONS, PROXY, responseText } from "./sip-side";

export const REALM = "xmpp.test";

export const REGISTRAR: RegistrarOptions = {
  domains: ["office.test"],
  settings: {
    expiresSeconds: 3600,
    minimumExpiresSeconds: 60,
    maximumExpiresSeconds: 86_400,
    maximumBindings: 5,
  },
  gruu: true,
  maximumPerAddress: 20,
  flowSeconds: 120,
};

export interface RegistrarStage {
  readonly registrar: Registrar;
  readonly transports: FakeTransports;
  readonly clock: FixedClock;
  readonly store: OpenStore;
  readonly log: NullLog;
  readonly counters: ReturnType<typeof createCounters>;
  /** MESSAGEs that the gateway got. */
  readonly messages: SipMessageInput[];
  /** Lets a request come in, and gives the final answer to it. */
  ask(request: string, source?: Partial<Source>): Promise<string>;
  /** REGISTER with digest, challenge and all. */
  register(parts: RegisterParts): Promise<string>;
  /** Sends a MESSAGE as the gateway does; what goes out is answered by `answer`. */
  send(toUri: string, answer?: (request: SentBytes) => number | undefined): Promise<SipOutcome>;
  /** What went out since the last call: requests only. */
  sent(): SentBytes[];
  quiet(): Promise<void>;
}

export interface RegisterParts {
  readonly user?: string;
  readonly password?: string;
  readonly to?: string;
  readonly from?: string;
  readonly contact?: string | readonly string[];
  readonly expires?: number | string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly extra?: readonly string[];
  readonly source?: Partial<Source>;
  readonly via?: string;
  readonly algorithm?: DigestAlgorithm;
  readonly uri?: string;
}

export interface StageOptions {
  readonly sip?: Partial<SipOptions>;
  readonly registrar?: Partial<RegistrarOptions>;
  readonly directory?: Pick<Directory, "secretOf" | "bySip">;
  readonly store?: OpenStore;
  readonly onEvent?: SipEventHandler;
  readonly clock?: FixedClock;
  readonly rates?: RateLimiter;
}

/** romeo, juliet and so on: the password is the name backwards. */
export function digestUser(name: string, domain = "office.test"): DigestUser {
  const ha1 = (algorithm: DigestAlgorithm) => digestHa1(algorithm, name, REALM, passwordOf(name));
  return {
    username: name,
    realm: REALM,
    uri: `sip:${name}@${domain}`,
    ha1: { MD5: ha1("MD5"), "SHA-256": ha1("SHA-256"), "SHA-512-256": ha1("SHA-512-256") },
  };
}

export function passwordOf(name: string): string {
  return [...name].reverse().join("");
}

export async function startRegistrarStage(options: StageOptions = {}): Promise<RegistrarStage> {
  const transports = fakeTransports();
  const clock = options.clock ?? fixedClock();
  const counters = createCounters();
  const log = nullLog();
  const store = options.store ?? memoryStore();
  const registrarOptions = { ...REGISTRAR, ...options.registrar };
  const sipOptions: SipOptions = {
    ...OPTIONS,
    domains: ["xmpp.test", "office.test"],
    peers: [PROXY],
    users: ["romeo", "juliet", "mercutio"].map((name) => digestUser(name)),
    realm: REALM,
    registrar: { domains: registrarOptions.domains, serviceRoute: false },
    maximumServerTransactions: 1_000,
    ...options.sip,
  };
  const locator = { locate: locateLiteral, failed: () => {}, succeeded: () => {} };
  const deps = { transports, locator, clock, ids: countedIds(), log, counters };
  const side = createSipSide(sipOptions, { ...deps, directory: options.directory });
  const registrar = createRegistrar({
    sip: side,
    options: registrarOptions,
    store: store.bindings,
    tables: {
      domains: {
        sip: [{ sip: "office.test", xmpp: "office.test", peer: "default", tel: false }],
        xmpp: [{ xmpp: "xmpp.test", sip: "xmpp.test", via: "route" }],
      },
    },
    directory: options.directory,
    rates: options.rates,
    clock,
    ids: deps.ids,
    log,
    counters,
  });
  const messages: SipMessageInput[] = [];
  await registrar.sip.start((message) => {
    messages.push(message);
    return { status: 202, reason: "Accepted", headers: [] };
  }, options.onEvent);
  const requests: SentBytes[] = [];
  const answers: SentBytes[] = [];
  const sort = (): void => {
    for (const one of transports.take()) (one.kind === "request" ? requests : answers).push(one);
  };
  let calls = 0;
  const stage: RegistrarStage = {
    registrar,
    transports,
    clock,
    store,
    log,
    counters,
    messages,
    async ask(request, source = {}) {
      sort();
      answers.length = 0;
      transports.receive(request, source);
      for (let turn = 0; turn < 50; turn++) {
        await quiet();
        sort();
        const answer = answers.find(({ text }) => !text.startsWith("SIP/2.0 100"));
        if (answer !== undefined) return answer.text;
      }
      return "";
    },
    async register(parts) {
      const callId = parts.callId ?? `register-${calls++}`;
      const cseq = parts.cseq ?? 1;
      const first = await stage.ask(registerText({ ...parts, callId, cseq }), parts.source);
      if (!first.startsWith("SIP/2.0 401")) return first;
      const signed = registerText({ ...parts, callId, cseq: cseq + 1 }, signFor(first, parts));
      return stage.ask(signed, parts.source);
    },
    async send(toUri, answer = () => 200) {
      sort();
      requests.length = 0;
      let outcome: SipOutcome | undefined;
      const sending = Promise.resolve(registrar.sip.send(message(toUri, calls++)));
      void sending.then((result) => {
        outcome = result;
      });
      let answered = 0;
      for (let turn = 0; turn < 200 && outcome === undefined; turn++) {
        await quiet();
        sort();
        for (const request of requests.slice(answered)) {
          const status = answer(request);
          const { transport, address, port, connection } = request.target;
          const from = { transport, address, port, ...(connection === undefined ? {} : { connection }) };
          if (status !== undefined) transports.receive(responseText(request.text, status), from);
        }
        if (requests.length === answered && turn > 3) clock.advance(500);
        answered = requests.length;
      }
      return sending;
    },
    sent: () => {
      sort();
      return requests.splice(0);
    },
    quiet,
  };
  return stage;
}

export function memoryStore(): OpenStore {
  return openStore({ file: ":memory:", migrations: join(__dirname, "../../migrations") });
}

/** Contact values of an answer. */
export function contactsOf(answer: string): string[] {
  return [...answer.matchAll(/^Contact: (.*)$/gm)].map((match) => match[1]!.trim());
}

export function registerText(parts: RegisterParts, authorization?: string): string {
  const { user = "romeo", callId = "call", cseq = 1, extra = [] } = parts;
  const contacts = parts.contact ?? `<sip:${user}@192.0.2.50:5062>`;
  const uri = parts.uri ?? "sip:office.test";
  const transport = (parts.source?.transport ?? "udp").toUpperCase();
  return `${[
    `REGISTER ${uri} SIP/2.0`,
    `Via: ${parts.via ?? `SIP/2.0/${transport} 192.0.2.50:5062;branch=z9hG4bK-${callId}-${cseq};rport`}`,
    "Max-Forwards: 70",
    `From: ${parts.from ?? `<sip:${user}@office.test>;tag=${callId}`}`,
    `To: ${parts.to ?? `<sip:${user}@office.test>`}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} REGISTER`,
    ...(typeof contacts === "string" ? [contacts] : contacts)
      .filter((one) => one !== "")
      .map((one) => `Contact: ${one}`),
    ...(parts.expires === undefined ? [] : [`Expires: ${parts.expires}`]),
    ...(authorization === undefined ? [] : [`Authorization: ${authorization}`]),
    ...extra,
    "Content-Length: 0",
  ].join("\r\n")}\r\n\r\n`;
}

export interface SignParts {
  readonly user?: string;
  readonly password?: string;
  readonly algorithm?: DigestAlgorithm;
  readonly uri?: string;
  readonly method?: string;
  readonly nc?: string;
  readonly qop?: "auth" | "auth-int";
  readonly body?: string;
  readonly realm?: string;
  readonly nonce?: string;
}

/** Credentials for the challenge in an answer. */
export function signFor(challenge: string, parts: SignParts): string {
  const { user = "romeo", uri = "sip:office.test", method = "REGISTER" } = parts;
  const { algorithm = "SHA-256", nc = "00000001", qop = "auth", body = "" } = parts;
  const offered = parseChallenge(headerOf(challenge, "WWW-Authenticate") ?? "")?.parameters;
  const nonce = parts.nonce ?? offered?.get("nonce") ?? "";
  const realm = parts.realm ?? offered?.get("realm") ?? REALM;
  const password = parts.password ?? passwordOf(user);
  const response = digestResponse({
    algorithm,
    ha1: digestHa1(algorithm, user, realm, password),
    method,
    uri,
    nonce,
    protection: { qop, nc, cnonce: "cn" },
    body: Buffer.from(body),
  });
  return `Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=${algorithm}, qop=${qop}, nc=${nc}, cnonce="cn"`;
}

function message(toUri: string, serial: number): SipMessageOut {
  return {
    toUri,
    fromUri: "sip:juliet@xmpp.test",
    fromTag: `tag-${serial}`,
    callId: `message-${serial}`,
    cseq: 1,
    branch: `message${serial}`,
    contentType: "text/plain",
    headers: [],
    body: Buffer.from("Art thou not Romeo?"),
    peer: "default",
  };
}

function locateLiteral({
  host,
  port,
  transport,
}: {
  host: string;
  port?: number;
  transport?: Source["transport"];
}) {
  return [{ transport: transport ?? ("udp" as const), address: host, port: port ?? 5060 }];
}

/** Lets promises, commits and immediates go on. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}
