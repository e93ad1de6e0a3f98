/** The event state compositor: phones publish here what their users' watchers see. RFC 3903 §6. */

import { sipSenderToJid } from "../../core/address/domains";
import { BoundedMap } from "../../core/bounded-map";
import type { SipEventInput } from "../../core/input";
import { bareJid } from "../../core/message/addresses";
import type { PresenceDocument } from "../../core/presence/document";
import { compose, type Published } from "../../core/publication/compose";
import { type PublishDecision, publish, type ReadDocument } from "../../core/publication/publish";
import { reject } from "../../core/rejection";
import type { GatewayContext } from "../context";
import type { PublicationRow, PublicationStore, SipAnswer } from "../sides";
import { refusal } from "./local-answers";
import type { PublicationOptions } from "./local-options";

export interface PublicationParts {
  readonly context: Pick<GatewayContext, "clock" | "ids" | "tables" | "log" | "counters">;
  readonly store: PublicationStore;
  readonly options: PublicationOptions;
  readonly read: ReadDocument;
  /** Full JIDs of a person's devices that are registered here: each is there, as long as none of them publishes. */
  readonly devicesOf?: ((presentity: string) => readonly string[]) | undefined;
}

/** @param before what the person showed until now */
export type PublicationChange = (
  presentity: string,
  before: PresenceDocument,
  after: PresenceDocument,
) => void;

export class Publications {
  readonly #parts: PublicationParts;
  readonly #hosts: ReadonlySet<string>;
  /** What each person shows; made anew from the store when it was forgotten. */
  readonly #composed = new BoundedMap<PresenceDocument>(REMEMBERED_PEOPLE);
  /**
   * Has the last registered phone of this person left, and published nothing since? Some leave without taking back what they
   * have published, or do so unsigned and never hear that it was refused.
   */
  readonly #left = new BoundedMap<boolean>(REMEMBERED_PEOPLE);
  /** The end of what is under way for a person: one PUBLISH after another (§6). */
  readonly #queues = new Map<string, Promise<void>>();
  #onChange: PublicationChange = () => undefined;

  constructor(parts: PublicationParts) {
    this.#parts = parts;
    const served = new Set(parts.options.domains);
    const rules = parts.context.tables.domains.sip.filter(({ sip }) => served.has(sip));
    this.#hosts = new Set(rules.map(({ xmpp }) => xmpp));
  }

  /** Who is told when what a person shows has changed, after it is on disk. */
  onChange(callback: PublicationChange): void {
    this.#onChange = callback;
  }

  /** Is this (a bare JID) a SIP person whose presence is served here? */
  serves(jid: string): boolean {
    return this.#hosts.has(jid.slice(jid.indexOf("@") + 1));
  }

  /** The bare JID of the person whom a SIP URI names, if her presence is served here. */
  presentityOf(uri: string): string | undefined {
    if (this.#hosts.size === 0) return undefined;
    const person = sipSenderToJid(uri, this.#parts.context.tables.domains);
    const jid = person.ok ? bareJid(person.value.jid) : undefined;
    return jid !== undefined && this.serves(jid) ? jid : undefined;
  }

  /** What a person shows; undefined when she is not served here, closed when she publishes nothing. */
  documentOf(presentity: string): PresenceDocument | undefined {
    if (!this.serves(presentity)) return undefined;
    return this.#composed.get(presentity) ?? this.#compose(presentity);
  }

  /** A PUBLISH; undefined: the address is not served here. Resolves when what it says is on disk. */
  handle(input: SipEventInput): Promise<SipAnswer> | undefined {
    const presentity = this.presentityOf(input.requestUri);
    if (presentity === undefined) return undefined;
    const sender = sipSenderToJid(input.fromUri, this.#parts.context.tables.domains);
    if (!sender.ok || bareJid(sender.value.jid) !== presentity) {
      return Promise.resolve(refusal(reject("NOT_TRUSTED", "publishes for somebody else")));
    }
    return this.#inTurn(presentity, () => this.#publish(input, presentity));
  }

  /** When the next publication expires, milliseconds since 1970; call `expire` then. */
  nextExpiry(): number | undefined {
    return this.#parts.store.nextPublicationExpiry();
  }

  /** Forgets what has expired, and tells of it. */
  async expire(now: number): Promise<void> {
    for (;;) {
      const expired = this.#parts.store.expiredPublications(now, EXPIRED_AT_ONCE);
      if (expired.length === 0) return;
      await Promise.all(expired.map((row) => this.#expire(row)));
    }
  }

  #expire({ presentity, etag }: PublicationRow): Promise<void> {
    return this.#inTurn(presentity, () =>
      this.#change(presentity, () => this.#parts.store.removePublication(etag)),
    );
  }

  async #publish(input: SipEventInput, presentity: string): Promise<SipAnswer> {
    const { context, store, options, read } = this.#parts;
    const decision = publish(input, presentity, store.publicationsOf(presentity), {
      now: context.clock.now(),
      random: context.ids.random(128),
      settings: options.settings,
      read,
    });
    if (decision.kind === "refuse") {
      const { code, detail } = decision.rejection;
      context.counters.add(`presence.publish.refused.${code}`);
      context.log.info({ rid: input.rid, presentity, code, detail }, "publication refused");
      return refusal(decision.rejection);
    }
    await this.#carryOut(presentity, decision);
    const operation = decision.kind === "store" ? decision.operation : "remove";
    context.counters.add(`presence.publish.${operation}`);
    context.log.debug({ rid: input.rid, presentity, operation }, "publication");
    const { etag, expiresSeconds } = decision.answer;
    return {
      status: 200,
      reason: "OK",
      headers: [
        ["SIP-ETag", etag],
        ["Expires", String(expiresSeconds)],
      ],
    };
  }

  async #carryOut(presentity: string, decision: Exclude<PublishDecision, { kind: "refuse" }>): Promise<void> {
    const { store } = this.#parts;
    if (decision.kind === "remove") {
      const { removes } = decision;
      if (removes !== undefined) await this.#change(presentity, () => store.removePublication(removes));
      return;
    }
    const { row, replaces, evicts } = decision;
    const put = async (): Promise<void> => {
      if (evicts !== undefined) await store.removePublication(evicts);
      await store.putPublication(row, replaces);
    };
    const isBack = this.#left.get(presentity) === true;
    if (isBack) this.#left.set(presentity, false);
    await (decision.isNews || isBack ? this.#change(presentity, put) : put());
  }

  async #change(presentity: string, write: () => Promise<void>): Promise<void> {
    const before = this.#composed.get(presentity) ?? this.#compose(presentity);
    await write();
    const after = this.#compose(presentity);
    if (JSON.stringify(before) !== JSON.stringify(after)) this.#onChange(presentity, before, after);
  }

  /** From the store as it is, also what has expired and not yet been taken out: its watchers have not been told. */
  #compose(presentity: string): PresenceDocument {
    const published: Published[] = [];
    const rows = this.#left.get(presentity) === true ? [] : this.#parts.store.publicationsOf(presentity);
    for (const publication of rows) {
      const document = this.#parts.read(publication.contentType, UTF8.encode(publication.body));
      // It was read when it came; a later release may know better.
      if (document.ok) published.push({ publication, document: document.value });
    }
    const composed =
      published.length > 0
        ? compose(published, this.#parts.options.maximumDevices)
        : (this.#registered(presentity) ?? compose([], this.#parts.options.maximumDevices));
    this.#composed.set(presentity, composed);
    return composed;
  }

  /** A phone that does not publish, and is registered, is there. */
  #registered(presentity: string): PresenceDocument | undefined {
    const devices = this.#parts.devicesOf?.(presentity) ?? [];
    if (devices.length === 0) return undefined;
    const ids = devices
      .slice(0, this.#parts.options.maximumDevices)
      .map((jid) => jid.slice(presentity.length + 1));
    return { devices: ids.map((id) => ({ id, open: true, notes: [], activities: [] })) };
  }

  /** A person's phone has registered, or is registered no more. */
  registrationChanged(presentity: string): Promise<void> {
    if (!this.serves(presentity)) return Promise.resolve();
    const before = this.#composed.get(presentity);
    return this.#inTurn(presentity, async () => {
      this.#left.set(presentity, this.#parts.devicesOf?.(presentity).length === 0);
      const after = this.#compose(presentity);
      // What was shown before is only known when somebody has looked.
      const shown = before ?? compose([], this.#parts.options.maximumDevices);
      if (JSON.stringify(shown) !== JSON.stringify(after)) this.#onChange(presentity, shown, after);
    });
  }

  /** One after another for each person; a person of whom nothing is under way takes no room. */
  #inTurn<T>(presentity: string, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(presentity) ?? Promise.resolve();
    const result = before.then(work);
    const end = result.then(
      () => undefined,
      () => undefined,
    );
    this.#queues.set(presentity, end);
    void end.then(() => {
      if (this.#queues.get(presentity) === end) this.#queues.delete(presentity);
    });
    return result;
  }
}

const UTF8 = new TextEncoder();
/** A composed document is one or two kilobytes. */
const REMEMBERED_PEOPLE = 10_000;
/** One group of writes. */
const EXPIRED_AT_ONCE = 200;
