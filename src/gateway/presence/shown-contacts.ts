/** What XMPP watchers are shown of SIP contacts: devices as presence, the person as PEP's events. RFC 8048 §6.3, XEP-0163 §4.3. */

import { domainOfBare } from "../../core/message/addresses";
import type { DevicePresence, PersonPresence, PresenceDocument } from "../../core/presence/document";
import { pepMessage, personToPepEvents } from "../../core/presence/rich-presence";
import { deviceToPresence } from "../../core/presence/to-stanza";
import type { SubscriptionRecord, XmppWatcherRecord } from "../../core/subscription/record";
import type { Element } from "../../xml/element";
import type { PresenceGuard } from "../lists/presence-guard";
import type { PresenceContext } from "./context";
import { PresenceBook } from "./presence-book";
import { Stanzas } from "./stanzas";

export class ShownContacts {
  /** What was told last, by watcher and presentity. */
  readonly book: PresenceBook;
  /** On their way to the XMPP server. */
  readonly stanzas: Stanzas;
  readonly #context: PresenceContext;
  readonly #guard: () => PresenceGuard | undefined;

  /** @param guard says what is none of a watcher's business; undefined: everybody may see everybody */
  constructor(context: PresenceContext, guard: () => PresenceGuard | undefined) {
    this.#context = context;
    this.#guard = guard;
    this.book = new PresenceBook(context.presence.maximumDevices);
    this.stanzas = new Stanzas(context);
  }

  /** Sends a stanza, unless a list forbids it. */
  send(stanza: Element): void {
    if (this.#guard()?.stops(stanza) === true) return;
    this.stanzas.send(this.#withCapabilities(stanza));
  }

  /** What has been told of a contact; undefined: nothing is known any more. */
  remember({ watcher, presentity }: SubscriptionRecord, document: PresenceDocument | undefined): void {
    this.#tellPerson(watcher, presentity, document?.person);
    // While the link is down nothing is shown: what is not remembered is told anew.
    if (document === undefined || !this.#context.xmpp.isUp(domainOfBare(presentity)))
      this.book.forget(watcher, presentity);
    else this.book.put(watcher, presentity, document);
  }

  /** Tells once more what was told last. False: that is not remembered. */
  replay(record: XmppWatcherRecord, to: string): boolean {
    const document = this.book.get(record.watcher, record.presentity);
    if (document === undefined) return false;
    for (const device of document.devices) {
      if (!device.open && !record.shown.includes(device.id) && document.devices.length > 1) continue;
      this.send(this.stanzaOf(device, document, record.presentity, to));
    }
    return true;
  }

  stanzaOf(device: DevicePresence, document: PresenceDocument, from: string, to: string): Element {
    return deviceToPresence(device, document.person, from, to, this.#context.tables.presence);
  }

  /** Whoever is shown a device may tell it what he publishes (XEP-0163 §4.3.2). */
  #withCapabilities(stanza: Element): Element {
    if (stanza.name !== "presence" || stanza.attrs.type !== undefined) return stanza;
    const [from = ""] = (stanza.attrs.from ?? "").split("/", 1);
    const avatar = this.#context.avatarOf?.(from);
    const more = avatar === undefined ? [] : [avatar];
    return { ...stanza, children: [...stanza.children, this.#context.capabilities, ...more] };
  }

  /** Mood, activity and place go to XMPP watchers as PEP's events do. */
  #tellPerson(watcher: string, presentity: string, person: PersonPresence | undefined): void {
    if (this.#guard()?.hides(watcher, presentity) === true) return;
    const before = this.book.get(watcher, presentity)?.person;
    if (before === undefined && person === undefined) return;
    for (const item of personToPepEvents(before, person, this.#context.tables.presence))
      this.stanzas.send(pepMessage(item, presentity, watcher));
  }
}
