import type { Shape } from "../../src/config/option";
import { parseSettings } from "../../src/config/parse";
import { sampleText } from "../../src/config/sample";
import type { Settings } from "../../src/config/schema";
import { SCHEMA } from "../../src/config/schema";
import { DEFAULT_SWITCHES } from "../../src/core/switches";
import { DEFAULT_LIMITS } from "../../src/gateway/limits";
import { DEFAULT_TIMERS } from "../../src/sip/transaction/timers";
import { expectPage } from "../docs/pages";

test("isthmus.sample.yaml is what `isthmus config init` writes today", () => {
  expectPage("isthmus.sample.yaml", sampleText());
});

test("the sample parses to the defaults, apart from its three examples", () => {
  const sample = settingsOf(sampleText());
  const defaults = settingsOf("");
  expect({
    ...sample,
    domains: undefined,
    sip: { ...sample.sip, peers: [] },
    xmpp: { ...sample.xmpp, components: [] },
  }).toEqual({ ...defaults, domains: undefined });
});

test("the examples say what is the default of an item", () => {
  const sample = settingsOf(sampleText());
  const short = settingsOf("sip: {peers: [{name: kamailio}]}\nxmpp: {components: [{host: sip.example}]}");
  expect(sample.sip.peers).toEqual(short.sip.peers);
  expect(sample.xmpp.components).toEqual(short.xmpp.components);
});

test("every key of the schema stands in the sample, with its meaning", () => {
  const text = sampleText();
  for (const [key, meaning] of keysOf(SCHEMA.shape)) {
    expect(text).toMatch(new RegExp(`^ *(- )?(# )?${key}:`, "m"));
    expect(text).toContain(meaning);
  }
});

test("keys that are commented out parse too, once the comment sign is gone", () => {
  const lines = sampleText().split("\n");
  const opened = lines.map((line) => line.replace(/^( *)# ([a-z][A-Za-z0-9]*:)(?= )/, "$1$2"));
  const parsed = parseSettings(opened.join("\n"));
  expect(parsed).toMatchObject({ ok: true });
  expect(opened).not.toEqual(lines);
});

test("the defaults are those of the contracts", () => {
  const {
    sip,
    limits: { rates, ...limits },
  } = settingsOf("");
  expect(sip.timers).toEqual(DEFAULT_TIMERS);
  expect(rates.messages.peer).toBe("off");
  expect(limits).toEqual({
    journal: DEFAULT_LIMITS.maximumJournal,
    perPair: DEFAULT_LIMITS.maximumPerPair,
    sipInFlight: DEFAULT_LIMITS.maximumSipInFlight,
    messageDeadline: DEFAULT_LIMITS.messageDeadlineMs,
    conversations: DEFAULT_LIMITS.maximumConversations,
    receiptLifetime: DEFAULT_LIMITS.receiptLifetimeMs,
    stopGrace: DEFAULT_LIMITS.stopGraceMs,
  });
});

test("the examples of the switches are their defaults", () => {
  const { sip } = SCHEMA.shape;
  const written = Object.entries(sip.shape.switches.shape).map(([key, entry]) => [
    key,
    entry.schema.parse(entry.example),
  ]);
  expect(Object.fromEntries(written)).toEqual(DEFAULT_SWITCHES);
});

function settingsOf(text: string): Settings {
  const parsed = parseSettings(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

function keysOf(shape: Shape): [string, string][] {
  return Object.entries(shape).flatMap(([key, entry]) => [
    [key, entry.meaning] as [string, string],
    ...("shape" in entry ? keysOf(entry.shape) : []),
  ]);
}
