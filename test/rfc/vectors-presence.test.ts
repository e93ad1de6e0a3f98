/** The vectors of RFC 8048 §6, RFC 3856 §6.8 and RFC 3922 §5, §6.3: presence as documents and as stanzas. */

import type { DevicePresence, PresenceDocument } from "../../src/core/presence/document";
import { isPresenceNotification, presenceToDevice } from "../../src/core/presence/from-stanza";
import { priorityFromPidf, priorityToPidf } from "../../src/core/presence/priority";
import { contentLanguage, writePidf } from "../../src/core/presence/write-pidf";
import { sipWatcher } from "../../src/core/subscription/sip-watcher";
import { xmppWatcher } from "../../src/core/subscription/xmpp-watcher";
import { DEFAULT_SWITCHES } from "../../src/core/switches";
import { PresenceBook } from "../../src/gateway/presence/presence-book";
import { child, children, type Element, text } from "../../src/xml/element";
import { parseXml } from "../../src/xml/parser";
import { PIDF, read, stanza, TABLE, textOf } from "../core/presence/fixtures";
import { context, header, NOW, notify, requestOf, sipRow, xmppRow } from "../core/subscription/fixtures";
import { vectorsOf } from "./vectors";

const PIDF_NS = "urn:ietf:params:xml:ns:pidf";

interface PriorityInput {
  readonly xmppPriority?: number;
  readonly pidfPriority?: string;
}
interface PriorityExpected {
  readonly xmppPriority?: number;
  readonly pidfPriority?: string | null;
  readonly tolerance?: number;
}

test.each(vectorsOf<PriorityInput, PriorityExpected>("presence-priority"))(
  "%s",
  (_, { input, expect: wanted }) => {
    const { tolerance = 0 } = wanted;
    if (input.pidfPriority !== undefined) {
      const found = priorityFromPidf(input.pidfPriority)!;
      expect(Math.abs(found - wanted.xmppPriority!)).toBeLessThanOrEqual(tolerance);
      return;
    }
    const found = priorityToPidf(input.xmppPriority!);
    if (wanted.pidfPriority === null) expect(found).toBeUndefined();
    else expect(Math.abs(Number(found) - Number(wanted.pidfPriority))).toBeLessThanOrEqual(tolerance);
  },
);

interface TupleExpected {
  readonly idStartsWith?: string;
  readonly idEndsWith?: string;
  readonly basic?: string;
  readonly show?: string;
  readonly showNamespace?: string;
  readonly notes?: readonly { readonly text: string; readonly langOneOf?: readonly (string | null)[] }[];
  readonly contact?: { readonly uriOneOf: readonly string[]; readonly priority: string };
}
interface ToPidfExpected {
  readonly presenceDocument?: false;
  readonly subscriptionState?: string;
  readonly entity?: string;
  readonly contentLanguage?: string;
  readonly tuples?: readonly TupleExpected[];
  readonly latestNotifyTupleCount?: number;
  readonly anyTupleOpen?: boolean;
  readonly openTuples?: number;
}

test.each(vectorsOf<{ stanza?: string; resources?: string[] }, ToPidfExpected>("presence-xmpp-to-pidf"))(
  "%s",
  (_, { input, expect: wanted }) => {
    const stanzas = (input.resources ?? [input.stanza!]).map(stanza);
    if (wanted.presenceDocument === false) {
      expect(stanzas.map(isPresenceNotification)).toEqual([false]);
      return;
    }
    const document = seen(stanzas);
    const root = parsed(
      writePidf(document, "sip:juliet@example.com", { table: TABLE, switches: DEFAULT_SWITCHES }),
    );
    const tuples = children(root, PIDF_NS, "tuple");
    const open = tuples.filter((tuple) => basicOf(tuple) === "open");
    const found: Required<Omit<ToPidfExpected, "tuples" | "presenceDocument">> = {
      subscriptionState: notifiedState(),
      entity: root.attrs.entity!,
      contentLanguage: contentLanguage(document)!,
      latestNotifyTupleCount: tuples.length,
      anyTupleOpen: open.length > 0,
      openTuples: open.length,
    };
    const { tuples: wantedTuples, ...others } = wanted;
    expect(found).toMatchObject(others);
    if (wantedTuples !== undefined) {
      expect(tuples).toHaveLength(wantedTuples.length);
      for (const [at, one] of wantedTuples.entries()) checkTuple(tuples[at]!, one);
    }
  },
);

/** What is known of juliet after these stanzas. */
function seen(stanzas: readonly Element[]): PresenceDocument {
  const book = new PresenceBook(10);
  for (const each of stanzas) {
    const device: DevicePresence = presenceToDevice(each, NOW);
    book.putDevice("romeo", "juliet", device);
  }
  return book.get("romeo", "juliet")!;
}

/** Subscription-State of the NOTIFY that a change brings about. */
function notifiedState(): string {
  const { effects } = sipWatcher(sipRow("active"), { kind: "notify-now" }, context());
  return header(requestOf(effects), "Subscription-State")!.replace(/;.*/, "");
}

function basicOf(tuple: Element): string | undefined {
  return textOf(child(tuple, PIDF_NS, "status")!, "basic");
}

function checkTuple(tuple: Element, wanted: TupleExpected): void {
  const status = child(tuple, PIDF_NS, "status")!;
  const show = status.children.find((node) => (node as Element).name === "show") as Element | undefined;
  const contact = child(tuple, PIDF_NS, "contact");
  const notes = children(tuple, PIDF_NS, "note");
  const { id = "" } = tuple.attrs;
  const found: Required<Omit<TupleExpected, "notes" | "contact">> = {
    idStartsWith: id.startsWith(wanted.idStartsWith ?? "") ? (wanted.idStartsWith ?? "") : id,
    idEndsWith: id.endsWith(wanted.idEndsWith ?? "") ? (wanted.idEndsWith ?? "") : id,
    basic: basicOf(tuple)!,
    show: show === undefined ? "" : text(show),
    showNamespace: show?.ns ?? "",
  };
  const { notes: wantedNotes, contact: wantedContact, ...others } = wanted;
  expect(found).toMatchObject(others);
  if (wantedContact !== undefined) {
    expect(wantedContact.uriOneOf).toContain(text(contact!));
    expect(contact?.attrs.priority).toBe(wantedContact.priority);
  }
  if (wantedNotes === undefined) return;
  expect(notes.map(text)).toEqual(wantedNotes.map((note) => note.text));
  wantedNotes.forEach(({ langOneOf = [] }, at) => {
    if (langOneOf.length > 0) expect(langOneOf).toContain(notes[at]?.attrs["xml:lang"] ?? null);
  });
}

interface NotifyInput {
  readonly notify?: { readonly subscriptionState?: string; readonly body: string };
  readonly sequence?: readonly (string | null)[];
}
interface StanzaExpected {
  readonly from?: string;
  readonly fromOneOf?: readonly string[];
  readonly to?: string;
  readonly toOneOf?: readonly string[];
  readonly type?: string | null;
  readonly show?: string;
  readonly status?: string;
  readonly statuses?: readonly { readonly lang: string; readonly text: string }[];
  readonly priority?: number;
  readonly optional?: boolean;
}
interface ToXmppExpected {
  readonly stanzas?: readonly StanzaExpected[];
  readonly stanzaFromBareJid?: boolean;
  readonly after?: readonly StanzaExpected[];
}

test.each(vectorsOf<NotifyInput, ToXmppExpected>("presence-pidf-to-xmpp"))(
  "%s",
  (_, { input, expect: wanted }) => {
    const { body, subscriptionState = "active" } = input.notify ?? { body: "" };
    const told = notified(input.sequence ?? [body], subscriptionState);
    if (wanted.stanzaFromBareJid) {
      expect(told.map(({ attrs }) => [attrs.from, attrs.type])).toEqual([
        ["romeo@example.net", "unavailable"],
      ]);
      return;
    }
    const all = wanted.stanzas ?? wanted.after ?? [];
    const needed = all.filter(({ optional }) => !optional);
    expect(told.length).toBeGreaterThanOrEqual(needed.length);
    expect(told.length).toBeLessThanOrEqual(all.length);
    for (const [at, made] of told.entries()) checkStanza(made, all[at]!);
  },
);

/** What juliet is told of the last of these documents; null is a NOTIFY without a body. */
function notified(bodies: readonly (string | null)[], state: string): Element[] {
  let record = xmppRow("active");
  let last: PresenceDocument | undefined;
  let told: Element[] = [];
  bodies.forEach((body, at) => {
    const document = body === null ? "none" : read(body, PIDF);
    const event = { ...notify(state, document, { cseq: at + 2 }), last };
    const step = xmppWatcher(record, event, context());
    record = step.record!;
    told = step.effects.flatMap((effect) => (effect.kind === "stanza" ? [effect.stanza] : []));
    if (document !== "none") last = document;
  });
  return told;
}

function checkStanza(made: Element, wanted: StanzaExpected): void {
  const statuses = children(made, "jabber:client", "status").map((status) => ({
    lang: status.attrs["xml:lang"] ?? made.attrs["xml:lang"]!,
    text: text(status),
  }));
  const { from = "", to = "" } = made.attrs;
  const found: Required<StanzaExpected> = {
    from,
    fromOneOf: wanted.fromOneOf?.includes(from) ? wanted.fromOneOf : [from],
    to,
    toOneOf: wanted.toOneOf?.includes(to) ? wanted.toOneOf : [to],
    type: made.attrs.type ?? null,
    show: textOf(made, "show")!,
    status: textOf(made, "status")!,
    statuses,
    priority: Number(textOf(made, "priority")),
    optional: wanted.optional!,
  };
  expect(found).toMatchObject(wanted);
}

function parsed(document: string): Element {
  const result = parseXml(document);
  if (!result.ok) throw new Error(result.detail);
  return result.root;
}
