/** The vectors of presence flows (RFC 8048 §5 to §7, RFC 6665 §4), played on the two machines. */

import type { SipDialogRequest } from "../../src/core/effect";
import type { Element } from "../../src/xml/element";
import { child, text } from "../../src/xml/element";
import { NS } from "../../src/xml/namespaces";
import { type Answer, element, outcomeOf, requestOf } from "../conversations/presence/wire";
import { World } from "../conversations/presence/world";
import { JULIET, ROMEO } from "../core/subscription/fixtures";
import { presenceStage } from "../gateway/presence/stage";
import { vectorsOf } from "./vectors";

interface Input {
  readonly given: string;
  readonly when: {
    readonly xmpp?: string;
    readonly sip?: string;
    readonly timer?: string;
    readonly subscriptionState?: string;
    readonly body?: string | null;
    readonly minExpires?: number;
  };
}

interface Wanted {
  readonly sip?: string;
  readonly xmpp?: string;
  readonly no?: string;
  readonly unchanged?: string;
  readonly optional?: boolean;
  readonly type?: string | null;
  readonly from?: string;
  readonly to?: string;
  readonly show?: string;
  readonly requestUri?: string;
  readonly fromUri?: string;
  readonly event?: string;
  readonly acceptIncludes?: string;
  readonly expires?: number;
  readonly expiresAtLeast?: number;
  readonly expiresAtMost?: number;
  readonly newDialog?: boolean;
  readonly inDialog?: boolean;
  readonly subscriptionState?: string;
  readonly body?: string | null;
  readonly bodyOneOf?: readonly (string | null)[];
  readonly allowEventsIncludes?: string;
}

type Expect = { readonly then: readonly Wanted[] };

const vectors = vectorsOf<Input, Expect>("presence-flow");
/** The event package is looked at before any machine is asked. */
const AT_THE_GATEWAY = "presence-flow-s2x-11";

test.each(vectors.filter(([id]) => id !== AT_THE_GATEWAY))("%s", (id, { input, expect: wanted }) => {
  for (const given of beginnings(input)) {
    const stage = new Stage(given, id.includes("-x2s-"));
    stage.happen(input.when);
    stage.check(wanted.then, DEVIATIONS[id] ?? {});
  }
});

/** "any": a refusal of the first SUBSCRIBE, or of a later one. What is answered while active is a refresh. */
function beginnings({ given, when }: Input): readonly string[] {
  if (given === "any") return ["SUBSCRIBE sent", "pending, refreshing", "active, refreshing"];
  return [given === "active" && /^\d{3} to SUBSCRIBE/.test(when.sip ?? "") ? "active, refreshing" : given];
}

/**
 * §7.1 polls for a probe. A server probes when its user has come online, and a poll would leave her with what was true then;
 * so we subscribe, as §5.2.2 asks for on the same occasion.
 */
const DEVIATIONS: Readonly<Record<string, Wanted>> = { "presence-flow-x2s-13": { expires: 3600 } };

test(AT_THE_GATEWAY, async () => {
  const [, { expect: wanted }] = vectors.find(([id]) => id === AT_THE_GATEWAY) as (typeof vectors)[number];
  const stage = await presenceStage();
  const answer = await stage.sip({ event: { package: "dialog", parameters: new Map() } });
  expect(wanted.then).toEqual([{ sip: `${answer.status} to SUBSCRIBE`, allowEventsIncludes: "presence" }]);
  expect(new Map(answer.headers).get("Allow-Events")).toContain("presence");
  await stage.stop();
});

class Stage {
  readonly #world = new World();
  readonly #isX2s: boolean;
  #cseq = 0;
  #callId = "call-1";

  constructor(given: string, isX2s: boolean) {
    this.#isX2s = isX2s;
    const prelude = isX2s ? X2S[given] : S2X[given];
    if (prelude === undefined) throw new Error(`no such beginning: ${given}`);
    for (const step of prelude) this.#step(step);
    this.#forget();
  }

  happen({ xmpp, sip, timer, subscriptionState, body, minExpires }: Input["when"]): void {
    if (xmpp !== undefined) this.#world.fromXmpp(literal(xmpp));
    else if (timer !== undefined) this.#world.pass(3_600_000);
    else if (sip === "NOTIFY") this.#notify(subscriptionState ?? "", DOCUMENTS[body ?? ""]);
    else if (sip === "NOTIFY for an unknown dialog") this.#notify("active", undefined, "unknown");
    else if (sip === "SUBSCRIBE refresh") this.#world.fromSip(romeosSubscribe(2, 3600));
    else if (sip?.startsWith("SUBSCRIBE sip:")) this.#literal(sip);
    else this.#answer(Number(sip?.slice(0, 3)), minExpires);
  }

  check(wanted: readonly Wanted[], deviation: Wanted): void {
    const { answers, toRomeo, toJuliet } = this.#world;
    for (const item of wanted) {
      if (item.no !== undefined || item.unchanged !== undefined) this.#checkNot(item);
      else if (item.xmpp !== undefined)
        checkStanza(
          take(toJuliet, (found) => isSaid(found, item)),
          item,
        );
      else if (/^\d/.test(item.sip ?? "")) checkAnswer(answers.shift(), item);
      else checkRequest(toRomeo.shift(), { ...item, ...deviation }, this.#callId);
    }
    if (wanted.some(({ unchanged }) => unchanged !== undefined)) return;
    // Beside what a vector names: a contact who is seen no more has gone, and after an approval we ask what there is.
    const others = toJuliet.filter(({ attrs }) => attrs.type !== "unavailable" && attrs.type !== "probe");
    expect([others, toRomeo, answers]).toEqual([[], [], []]);
  }

  #checkNot({ no, unchanged }: Wanted): void {
    const { toRomeo, toJuliet } = this.#world;
    if (unchanged !== undefined) expect(this.#world.rowsOf(ROMEO)).toHaveLength(1);
    else if (no === "stanza") expect(toJuliet).toEqual([]);
    else if (no === "SUBSCRIBE") expect(toRomeo.map(({ method }) => method)).not.toContain("SUBSCRIBE");
    else expect(toJuliet.map(({ attrs }) => `presence type='${attrs.type}'`)).not.toContain(no);
  }

  #step(step: Step): void {
    const world = this.#world;
    switch (step) {
      case "romeo subscribes":
        world.fromSip(romeosSubscribe(1, 3600));
        this.#answer(200);
        return;
      case "refresh":
        world.pass(2_520_000);
        world.fromXmpp(presence("available", "/balcony"));
        return;
      case "runs out":
        world.fromXmpp(presence("unavailable", "/balcony"));
        world.pass(3_600_000);
        return;
      case "open":
        world.fromXmpp(presence("available", "/b"));
        this.#answer(200);
        return;
      case "200":
        this.#answer(200);
        return;
      case "pending":
      case "active":
        this.#notify(step, step === "active" ? BUSY : undefined);
        return;
      default:
        world.fromXmpp(presence(step, ""));
        // His NOTIFY about it is answered at once.
        if (!this.#isX2s) this.#answer(200);
    }
  }

  #notify(state: string, document: string | undefined, callId = this.#callId): void {
    this.#cseq += 1;
    const head = `NOTIFY sip:${JULIET}\nFrom: <sip:${ROMEO}>;tag=ffd2\nTo: <sip:${JULIET}>;tag=ours\nCall-ID: ${callId}`;
    const fields = `CSeq: ${this.#cseq} NOTIFY\nEvent: presence\nSubscription-State: ${state}\nContact: <sip:romeo@192.0.2.1>`;
    const body = document === undefined ? "" : `\nContent-Type: application/pidf+xml\n\n${document}`;
    this.#world.fromSip(requestOf(`${head}\n${fields}${body}`.split("\n")));
  }

  #answer(status: number, minExpires?: number): void {
    const fields = [
      `To: <sip:${ROMEO}>;tag=ffd2`,
      ...(minExpires === undefined ? [] : [`Min-Expires: ${minExpires}`]),
    ];
    this.#world.fromRomeo(outcomeOf(status, "Reason", fields));
  }

  #literal(request: string): void {
    this.#world.fromSip(requestOf(request.replace("tag=ur93", "tag=ours-1").split("\n")));
    if (request.includes("717B1B84")) this.#world.pass(5_000);
  }

  #forget(): void {
    const { answers, toRomeo, toJuliet } = this.#world;
    for (const inbox of [answers, toRomeo, toJuliet]) inbox.length = 0;
  }
}

type Step =
  | "subscribe"
  | "unsubscribe"
  | "subscribed"
  | "200"
  | "pending"
  | "active"
  | "refresh"
  | "runs out"
  | "romeo subscribes"
  | "open";

const ACTIVE: readonly Step[] = ["subscribe", "200", "active"];
const X2S: Readonly<Record<string, readonly Step[]>> = {
  "no dialog": [],
  "SUBSCRIBE sent": ["subscribe"],
  "SUBSCRIBE answered 200": ["subscribe", "200"],
  pending: ["subscribe", "200", "pending"],
  "pending, refreshing": ["subscribe", "200", "pending", "refresh"],
  active: ACTIVE,
  "active, user online": ACTIVE,
  "active, refreshing": [...ACTIVE, "refresh"],
  "active, both directions": ["romeo subscribes", ...ACTIVE],
  "SUBSCRIBE Expires 0 sent": [...ACTIVE, "unsubscribe"],
  "SUBSCRIBE Expires 0 answered 200": [...ACTIVE, "unsubscribe", "200"],
  "authorized, no dialog": [...ACTIVE, "runs out"],
  authorized: [...ACTIVE, "runs out"],
};
const S2X: Readonly<Record<string, readonly Step[]>> = {
  "no dialog": [],
  "no dialog, nothing known of Juliet": [],
  pending: ["romeo subscribes"],
  active: ["romeo subscribes", "subscribed", "open"],
  "active, Juliet known to be open": ["romeo subscribes", "subscribed", "open"],
  "active, nothing known of Juliet": ["romeo subscribes", "subscribed"],
};
const PIDF = (inside: string) =>
  `<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='pres:${ROMEO}'>${inside}</presence>`;
const BUSY = PIDF(
  "<tuple id='ID-desk'><status><basic>open</basic><show xmlns='jabber:client'>dnd</show></status></tuple>",
);
const DOCUMENTS: Readonly<Record<string, string>> = {
  "PIDF open": PIDF("<tuple id='ID-desk'><status><basic>open</basic></status></tuple>"),
  "PIDF open, tuple ID-dr4hcr0st3lup4c, show away": PIDF(
    "<tuple id='ID-dr4hcr0st3lup4c'><status><basic>open</basic><show xmlns='jabber:client'>away</show></status></tuple>",
  ),
};

function romeosSubscribe(cseq: number, expires: number) {
  const tag = cseq === 1 ? "" : ";tag=ours-1";
  const head = `SUBSCRIBE sip:${JULIET}\nFrom: <sip:${ROMEO}>;tag=xfg9\nTo: <sip:${JULIET}>${tag}`;
  const call = "Call-ID: AA5A8BE5-CBB7-42B9-8181-6230012B1E11";
  const fields = `CSeq: ${cseq} SUBSCRIBE\nEvent: presence\nExpires: ${expires}\nContact: <sip:romeo@192.0.2.1>`;
  return requestOf(`${head}\n${call}\n${fields}`.split("\n"));
}

/** A stanza with its explanation behind it. Her server sends a broadcast to each of her contacts. */
function literal(text: string): Element {
  const stanza = text.replace(/>[^<>]*$/, ">");
  return element(stanza.includes(" to=") ? stanza : stanza.replace("/>", ` to='${ROMEO}'/>`));
}

function presence(type: string, resource: string): Element {
  const said = type === "available" ? "" : ` type='${type}'`;
  return element(`<presence from='${JULIET}${resource}' to='${ROMEO}'${said}/>`);
}

function take<Item>(items: Item[], fits: (item: Item) => boolean): Item | undefined {
  const index = items.findIndex(fits);
  return index < 0 ? undefined : items.splice(index, 1)[0];
}

function isSaid({ attrs }: Element, { type }: Wanted): boolean {
  return attrs.type === (type ?? undefined);
}

function checkStanza(stanza: Element | undefined, { optional, from, to, show }: Wanted): void {
  if (stanza === undefined && optional === true) return;
  expect(stanza).toBeDefined();
  const { attrs } = stanza as Element;
  if (from !== undefined) expect(attrs.from).toBe(from);
  if (to !== undefined) expect(attrs.to).toBe(to);
  const shown = child(stanza as Element, NS.client, "show");
  if (show !== undefined) expect(shown && text(shown)).toBe(show);
}

function checkAnswer(answer: Answer | undefined, { sip, expiresAtMost }: Wanted): void {
  expect(answer?.status).toBe(Number(sip?.slice(0, 3)));
  const expires = Number(new Map(answer?.headers).get("Expires") ?? 0);
  if (expiresAtMost !== undefined) expect(expires).toBeLessThanOrEqual(expiresAtMost);
}

function checkRequest(request: SipDialogRequest | undefined, wanted: Wanted, callId: string): void {
  if (request === undefined) throw new Error(`no ${wanted.sip}`);
  const headers = new Map(request.headers);
  const expires = Number(headers.get("Expires"));
  expect(request.method).toBe(wanted.sip);
  expect({
    requestUri: request.requestUri,
    fromUri: request.fromUri,
    event: headers.get("Event"),
    expires,
  }).toMatchObject(pick(wanted, ["requestUri", "fromUri", "event", "expires"]));
  if (wanted.acceptIncludes !== undefined) expect(headers.get("Accept")).toContain(wanted.acceptIncludes);
  if (wanted.expiresAtLeast !== undefined) expect(expires).toBeGreaterThanOrEqual(wanted.expiresAtLeast);
  if (wanted.newDialog) expect(request).toMatchObject({ cseq: 1, callId: expect.stringMatching(/^call-/) });
  if (wanted.newDialog) expect(request).not.toHaveProperty("toTag");
  if (wanted.inDialog) expect(request).toMatchObject({ callId, toTag: "ffd2" });
  if (wanted.subscriptionState !== undefined) {
    expect(headers.get("Subscription-State")?.replace(/;expires=\d+$/, "")).toBe(wanted.subscriptionState);
    checkBody(Buffer.from(request.body).toString(), wanted.bodyOneOf ?? [wanted.body]);
  }
}

/** undefined: the vector does not say. */
function checkBody(body: string, allowed: readonly (string | null | undefined)[]): void {
  const basic = /<basic>(\w+)<\/basic>/.exec(body)?.[1];
  const found = basic === undefined ? null : `PIDF ${basic}`;
  if (allowed.includes(undefined)) return;
  expect(allowed.flatMap((one) => (one === "PIDF" ? ["PIDF open", "PIDF closed"] : [one]))).toContain(found);
}

function pick<Key extends keyof Wanted>(wanted: Wanted, keys: readonly Key[]): Partial<Wanted> {
  return Object.fromEntries(keys.filter((key) => wanted[key] !== undefined).map((key) => [key, wanted[key]]));
}
