/** A service between fakes: a directory that says what it is told, and the rules of one small company. */

import { compileDomains } from "../../../src/core/address/domains";
import { createService, type Service } from "../../../src/gateway/service/iq-service";
import { DEFAULT_SERVICE, type ServiceOptions } from "../../../src/gateway/service/options";
import type { ServiceParts } from "../../../src/gateway/service/sides";
import type { Directory, DirectoryAnswer, Person } from "../../../src/gateway/sides";
import { createCounters } from "../../../src/runtime/counters";
import { child, childElements, type Element, text } from "../../../src/xml/element";
import { parseXml, XML_LIMITS } from "../../../src/xml/parser";
import { countedIds } from "../../support/counted-ids";
import { type FixedClock, fixedClock } from "../../support/fixed-clock";
import { type NullLog, nullLog } from "../../support/null-log";

export const HOST = "sip.example";
export const JULIET = "juliet@xmpp.example/balcony";
export const ADMIN = "admin@xmpp.example/desk";
export const STRANGER = "mallory@far.example/x";

export const DOMAINS = compileDomains({
  sip: [
    { sip: "sip.example", xmpp: HOST, peer: "phones", tel: true },
    { sip: "old.example", xmpp: "old.sip.example", peer: "old", tel: false },
  ],
  xmpp: [
    { xmpp: "xmpp.example", sip: "xmpp.example", via: "route" },
    { xmpp: "*", sip: "*", via: "route" },
  ],
});

export const ROMEO: Person = {
  id: "uid=romeo",
  sipUri: "sip:romeo@sip.example",
  jid: "romeo@sip.example",
  isAllowed: true,
  name: "Romeo Montague",
  card: {
    givenName: "Romeo",
    familyName: "Montague",
    email: "romeo@mail.example",
    telephone: "+3945123",
    organization: "House of Montague",
    unit: "Heirs",
    title: "Son",
    photo: { type: "image/png", octets: new Uint8Array([137, 80, 78, 71]) },
  },
};

export interface FakeDirectory extends Directory {
  people: readonly Person[];
  /** What it says instead, whatever is asked; `hangs`: it never says anything. */
  state: "up" | "away" | "hangs";
  readonly searches: { readonly words: string; readonly limit: number }[];
}

export function fakeDirectory(...people: readonly Person[]): FakeDirectory {
  const searches: { words: string; limit: number }[] = [];
  const never = new Promise<never>(() => undefined);
  const said = <T>(value: T | undefined): DirectoryAnswer<T> | Promise<never> => {
    if (fake.state === "hangs") return never;
    if (fake.state === "away") return { kind: "unavailable", retryAfter: 30 };
    return value === undefined ? { kind: "unknown" } : { kind: "found", value };
  };
  const fake: FakeDirectory = {
    people,
    state: "up",
    searches,
    bySip: (uri) => said(fake.people.find(({ sipUri }) => sipUri === uri)),
    byJid: (jid) => said(fake.people.find((one) => one.jid === jid)),
    secretOf: () => said<never>(undefined),
    search: async (words, limit) => {
      searches.push({ words, limit });
      return said(fake.people.slice(0, limit));
    },
    stop: async () => undefined,
  };
  return fake;
}

export interface Stage {
  readonly service: Service;
  readonly directory: FakeDirectory;
  readonly clock: FixedClock;
  readonly log: NullLog;
  /** Asks with the content given as XML; the answer as an element. */
  ask(content: string, more?: Readonly<Record<string, string>>): Promise<Element>;
}

export function setStage(
  parts: Partial<ServiceParts> = {},
  options: Partial<ServiceOptions> = {},
  directory = fakeDirectory(ROMEO),
): Stage {
  const clock = fixedClock();
  const log = nullLog();
  const service = createService({
    options: { ...DEFAULT_SERVICE, administrators: ["admin@xmpp.example"], ...options },
    domains: DOMAINS,
    clock,
    ids: countedIds("session"),
    log,
    counters: createCounters(),
    directory,
    wayTo: (peer) => `the proxy of ${peer}`,
    isUp: () => true,
    ...parts,
  });
  let serial = 0;
  return {
    service,
    directory,
    clock,
    log,
    ask: async (content, more = {}) => {
      const attrs = { type: "get", from: JULIET, to: HOST, id: `q${serial++}`, ...more };
      const answer = service.answer({ ...parsed(`<iq xmlns='jabber:client'>${content}</iq>`), attrs });
      if (answer === undefined) throw new Error(`nobody answers ${content}`);
      return answer;
    },
  };
}

export function parsed(xml: string): Element {
  const result = parseXml(xml, { ...XML_LIMITS, bytes: 1_048_576, elements: 100_000 });
  if (!result.ok) throw new Error(`the test's own XML: ${result.problem}`);
  return result.root;
}

/** "result", or the error's type, conditions and text. */
export function outcome(answer: Element): string {
  const error = child(answer, "jabber:client", "error");
  if (error === undefined) return answer.attrs.type ?? "";
  const conditions = childElements(error).filter(({ name }) => name !== "text");
  return [error.attrs.type, ...conditions.map(({ name }) => name)].join(" ");
}

export function errorText(answer: Element): string {
  const error = child(answer, "jabber:client", "error");
  const said = error && childElements(error).find(({ name }) => name === "text");
  return said === undefined ? "" : text(said);
}

/** The element that an answer holds. */
export function content(answer: Element): Element {
  const [first] = childElements(answer);
  if (first === undefined) throw new Error("an answer without content");
  return first;
}

/** The text at a path of local names; undefined when there is none. */
export function at(from: Element, ...path: readonly string[]): string | undefined {
  let here: Element | undefined = from;
  for (const name of path) here = here && childElements(here).find((one) => one.name === name);
  return here && text(here);
}
