/** The shipped table and short ways to read and to write, for the tests of presence. */

import type { DevicePresence, PersonPresence, PresenceDocument } from "../../../src/core/presence/document";
import { presenceToDevice } from "../../../src/core/presence/from-stanza";
import { type ReadOptions, readPresenceDocument } from "../../../src/core/presence/read-document";
import { deviceToPresence } from "../../../src/core/presence/to-stanza";
import { writePidf } from "../../../src/core/presence/write-pidf";
import type { Rejection } from "../../../src/core/rejection";
import { DEFAULT_SWITCHES, type PeerSwitches } from "../../../src/core/switches";
import { type Element, element } from "../../../src/xml/element";
import { parseXml } from "../../../src/xml/parser";
import { SHIPPED } from "../../support/shipped-tables";

export const TABLE = SHIPPED.presence;
export const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
export const PIDF = "application/pidf+xml";
export const JULIET = "juliet@example.com";
export const ROMEO = "romeo@example.net";

export function device(fields: Partial<DevicePresence> = {}): DevicePresence {
  return { id: "balcony", open: true, notes: [], activities: [], ...fields };
}

export function person(fields: Partial<PersonPresence> = {}): PersonPresence {
  return { activities: [], moods: [], notes: [], ...fields };
}

export function stanza(text: string): Element {
  const parsed = parseXml(`<s xmlns='jabber:client'>${text}</s>`);
  if (!parsed.ok) throw new Error(parsed.detail);
  return parsed.root.children[0] as Element;
}

export function fromStanza(text: string): DevicePresence {
  return presenceToDevice(stanza(text), NOW);
}

export function toStanza(shown: DevicePresence, whose?: PersonPresence): Element {
  return deviceToPresence(shown, whose, ROMEO, JULIET, TABLE);
}

export function read(text: string, contentType = PIDF, options: ReadOptions = {}): PresenceDocument {
  const result = readPresenceDocument(contentType, Buffer.from(text), options);
  if (!result.ok) throw new Error(`${result.rejection.code}: ${result.rejection.detail}`);
  return result.value;
}

export function refused(text: string | Uint8Array, contentType = PIDF): Rejection {
  const result = readPresenceDocument(contentType, Buffer.from(text));
  if (result.ok) throw new Error(`read as ${JSON.stringify(result.value)}`);
  return result.rejection;
}

/** A PIDF with these tuples (and whatever else stands beside them). */
export function pidf(inside: string): string {
  return `<?xml version='1.0' encoding='UTF-8'?>
<presence xmlns='urn:ietf:params:xml:ns:pidf' xmlns:dm='urn:ietf:params:xml:ns:pidf:data-model'
  xmlns:rpid='urn:ietf:params:xml:ns:pidf:rpid' entity='pres:romeo@example.net'>${inside}</presence>`;
}

export function tuple(inside: string, id = "ID-orchard"): string {
  return `<tuple id='${id}'>${inside}</tuple>`;
}

export const OPEN = "<status><basic>open</basic></status>";

export function written(document: PresenceDocument, switches: Partial<PeerSwitches> = {}): string {
  return writePidf(document, `sip:${JULIET}`, {
    table: TABLE,
    switches: { ...DEFAULT_SWITCHES, ...switches },
  });
}

/** Text of the first child with this name. */
export function textOf(parent: Element, name: string): string | undefined {
  const found = parent.children.find((node) => typeof node !== "string" && node.name === name);
  return found === undefined ? undefined : (found as Element).children.join("");
}

export const CAPS = element("http://jabber.org/protocol/caps", "c", { node: "x" });
