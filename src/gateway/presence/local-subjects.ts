/**
 * Everything that can be watched here beside XMPP users: SIP users who publish here, lists, one's own watchers. What the run
 * loop of presence asks of publications, lists and watcher information, it asks here.
 */

import type { SipEventInput } from "../../core/input";
import type { PresenceDocument } from "../../core/presence/document";
import type { Rejection } from "../../core/rejection";
import { presenceStanza } from "../../core/subscription/presence-stanza";
import { recordKey, type SipWatcherRecord, type SubscriptionRecord } from "../../core/subscription/record";
import type { Element } from "../../xml/element";
import type { SipAnswer } from "../sides";
import { ListBook, type ListMember, type ListParts, type Standing } from "./lists";
import { type DialogBody, isWatchingOn, type Subject } from "./local-answers";
import type { LocalOptions } from "./local-options";
import { LocalPresence, type LocalPresenceParts } from "./local-presence";
import { type PublicationParts, Publications } from "./publications";
import { WatcherInfoBook } from "./watcher-info";

export interface LocalSubjectsParts {
  readonly context: PublicationParts["context"];
  readonly subscriptions: LocalPresenceParts["subscriptions"];
  readonly store: PublicationParts["store"];
  readonly options: LocalOptions;
  readonly read: PublicationParts["read"];
  readonly writePidf: ListParts["writePidf"];
  readonly devicesOf?: PublicationParts["devicesOf"];
  readonly deviceStanza: LocalPresenceParts["deviceStanza"];
  /** What this SIP watcher may see of this XMPP user; bare JIDs. */
  readonly seen: (watcher: string, presentity: string) => PresenceDocument | undefined;
  /** Is this person none of this watcher's business (XEP-0191)? */
  readonly hides?: (watcher: string, presentity: string) => boolean;
  readonly send: (stanza: Element) => void;
  /** The run loop's own: a row of ours was written or removed. It calls `changed` here as for any other row. */
  readonly rowChanged: LocalPresenceParts["changed"];
  /** A dialog wants a NOTIFY. */
  readonly want: (key: string) => void;
  /** A SIP user has been allowed to watch another one: his dialogs get `subscribed`. */
  readonly allow: (watcher: string, presentity: string) => void;
}

export class LocalSubjects {
  readonly publications: Publications;
  readonly presence: LocalPresence;
  readonly lists: ListBook;
  readonly winfo: WatcherInfoBook;
  readonly #parts: LocalSubjectsParts;

  constructor(parts: LocalSubjectsParts) {
    this.#parts = parts;
    const { context, subscriptions, options, store, read, writePidf, devicesOf } = parts;
    this.publications = new Publications({ context, store, read, devicesOf, options: options.publications });
    this.presence = new LocalPresence({
      context,
      subscriptions,
      publications: this.publications,
      approval: options.approval,
      deviceStanza: parts.deviceStanza,
      send: parts.send,
      changed: parts.rowChanged,
    });
    this.lists = new ListBook({
      context,
      subscriptions,
      options: options.lists,
      writePidf,
      documentOf: (watcher, member) => this.#documentFor(watcher, member),
      isLocal: (member) => this.publications.serves(member),
    });
    this.winfo = new WatcherInfoBook({
      context,
      subscriptions,
      options: options.winfo,
      serves: (jid) => this.publications.serves(jid),
    });
    this.publications.onChange((presentity, before, after) => this.#published(presentity, before, after));
  }

  /** Whom a SUBSCRIBE outside a dialog is for; undefined: none of these. */
  watched(input: SipEventInput, watcher: string): Subject | Rejection | undefined {
    const other = this.winfo.watched(input, watcher);
    if (other !== undefined || input.event?.package !== "presence") return other;
    const list = this.lists.watched(input, watcher);
    if (list !== undefined) return list;
    const presentity = this.publications.presentityOf(input.requestUri);
    if (presentity === undefined) return undefined;
    const approved = presentity === watcher || this.presence.isApproved(watcher, presentity);
    return { what: "presence", watcher, presentity, approved };
  }

  /** Undefined: PUBLISH is not served for this person. */
  publish(input: SipEventInput): Promise<SipAnswer> | undefined {
    return this.publications.handle(input);
  }

  /** Headers that the 200 to a SUBSCRIBE and every NOTIFY of such a row carry beside the usual ones (RFC 4662 §4.1). */
  headersOf(what: SipWatcherRecord["what"]): readonly (readonly [name: string, value: string])[] {
    return what === "list" ? REQUIRE_EVENTLIST : [];
  }

  /** Body of a NOTIFY for a list or for watcher information, at the moment of sending. @param cseq its own number */
  body(key: string, record: SipWatcherRecord, cseq: number): DialogBody | undefined {
    const book = record.what === "list" ? this.lists : record.what === "winfo" ? this.winfo : undefined;
    if (book === undefined) return undefined;
    const known = book.body(key, cseq);
    if (known !== undefined) return known;
    // An earlier life began this dialog.
    this.#open(key, record, false);
    return book.body(key, cseq);
  }

  /**
   * The gateway has started, or the XMPP link of a SIP watcher is up again. A dialog of an earlier life is told everything;
   * of a list's contacts nobody knows what has changed meanwhile.
   */
  resumed(key: string, record: SipWatcherRecord): void {
    if (record.state === "ending") return;
    if (record.what === "presence") {
      // No probe will tell what was published just before a kill.
      if (record.state === "active" && this.publications.serves(record.presentity)) this.#parts.want(key);
      return;
    }
    const isOpen = record.what === "list" ? this.lists.isOpen(key) : this.winfo.isOpen(key);
    if (isOpen) {
      if (record.what === "list") this.#askAgain(key, record.watcher);
      return;
    }
    this.#open(key, record, false);
    this.#parts.want(key);
  }

  /** A NOTIFY of such a dialog has failed and the dialog goes on: the next one tells everything. */
  notifyFailed(key: string): void {
    this.lists.tellAll(key);
    this.winfo.tellAll(key);
  }

  /** Every row that was written or removed, whoever did it. */
  changed(key: string, before: SubscriptionRecord | undefined, after: SubscriptionRecord | undefined): void {
    const record = after ?? before;
    if (record?.direction === "sip-watcher") this.#sipRowChanged(key, record, before, after);
    for (const dialog of this.winfo.changed(before, after)) this.#parts.want(dialog);
  }

  /** What a SIP watcher sees of an XMPP user has changed. @param standing what she has decided, if that is what changed */
  listed(watcher: string, member: string, standing?: Standing): void {
    const keys =
      standing === undefined
        ? this.lists.changed(watcher, member)
        : this.lists.standing(watcher, member, standing);
    for (const key of keys) this.#parts.want(key);
  }

  #sipRowChanged(
    key: string,
    record: SipWatcherRecord,
    before: SubscriptionRecord | undefined,
    after: SubscriptionRecord | undefined,
  ): void {
    const isPresence = record.what === "presence";
    if (before === undefined) {
      if (isPresence) this.#watchesBack(record);
      else this.#open(key, record, true);
    } else if (after === undefined) {
      if (!isPresence) this.#close(key);
    } else if (hasSubscribed(before, after)) this.notifyFailed(key);
    if (isPresence && before?.state !== after?.state) {
      for (const list of this.lists.contactsChanged(record.watcher)) this.#parts.want(list);
    }
  }

  /** Whoever watches somebody lets him watch back: what "ask" waits for. */
  #watchesBack(record: SipWatcherRecord): void {
    const { watcher, presentity } = record;
    if (!isWatchingOn(record)) return;
    if (this.#parts.options.approval === "auto" || !this.publications.serves(watcher)) return;
    this.#parts.allow(presentity, watcher);
    this.presence.approve(presentity, watcher).catch((error: unknown) => {
      this.#parts.context.log.error({ watcher: presentity, presentity: watcher, error }, "leave not kept");
    });
  }

  #open(key: string, record: SipWatcherRecord, isNew: boolean): void {
    if (record.what === "winfo") this.winfo.open(key, record, isNew);
    else for (const member of this.lists.open(key, record, isNew)) this.#ask(record.watcher, member, isNew);
  }

  #close(key: string): void {
    this.lists.close(key);
    this.winfo.close(key);
  }

  /**
   * A list subscribes for its watcher to each contact of whom nothing is known (RFC 4662 §4). Who has agreed before is not
   * asked again: her server answers for her. After a restart a probe is enough.
   */
  #ask(watcher: string, { jid }: ListMember, isNew: boolean): void {
    if (this.publications.serves(jid) || this.#parts.seen(watcher, jid) !== undefined) return;
    const type = isNew ? "subscribe" : "probe";
    if (isNew) this.lists.standing(watcher, jid, "pending");
    this.#parts.send(presenceStanza(type, watcher, jid));
  }

  /** Who has been asked and has not answered may never have heard of it. */
  #askAgain(key: string, watcher: string): void {
    for (const { jid } of this.lists.membersOf(key)) {
      if (this.publications.serves(jid)) continue;
      const type = this.lists.standingOf(key, jid) === "pending" ? "subscribe" : "probe";
      this.#parts.send(presenceStanza(type, watcher, jid));
    }
  }

  #documentFor(watcher: string, member: string): PresenceDocument | undefined {
    if (this.#parts.hides?.(watcher, member) === true) return undefined;
    const document = this.publications.documentOf(member);
    if (document === undefined) return this.#parts.seen(watcher, member);
    return watcher === member || this.presence.isApproved(watcher, member) ? document : undefined;
  }

  #published(presentity: string, before: PresenceDocument, after: PresenceDocument): void {
    const { subscriptions, context, want } = this.#parts;
    for (const row of subscriptions.ofPresentity("sip-watcher", presentity, MOST_WATCHERS)) {
      if (row.direction === "sip-watcher" && row.what === "presence" && row.state === "active")
        want(recordKey(row));
    }
    for (const key of this.lists.published(presentity)) want(key);
    this.presence.published(presentity, before, after).catch((error: unknown) => {
      context.counters.add("presence.failed");
      context.log.error({ presentity, error }, "watchers not told");
    });
  }
}

/** Did a SUBSCRIBE of the watcher cause the change (RFC 4662 §4.5: everything is told anew)? */
function hasSubscribed(before: SubscriptionRecord, after: SubscriptionRecord): boolean {
  return before.dialog?.remoteCseq !== after.dialog?.remoteCseq;
}

const REQUIRE_EVENTLIST = [["Require", "eventlist"]] as const;
/** A hundred times as many as anybody has. */
const MOST_WATCHERS = 100_000;
