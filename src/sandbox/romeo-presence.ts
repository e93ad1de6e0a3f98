/** Romeo's presence: he watches others and lets others watch him, as a phone does. RFC 3856, RFC 6665. */

import type { SipEventInput } from "../core/input";
import type { DevicePresence, Show } from "../core/presence/document";
import { PIDF_TYPE, readPresenceDocument } from "../core/presence/read-document";
import { writePidf } from "../core/presence/write-pidf";
import type { Dialog } from "../core/subscription/dialog";
import { dialogFromSubscribe, newDialog, nextRequest, withAnswer } from "../core/subscription/in-dialog";
import { DEFAULT_SWITCHES } from "../core/switches";
import type { PresenceTable } from "../core/tables";
import type { Ids, SipAnswer, SipSide } from "../gateway/sides";
import { Waiters } from "./waiters";

/** What a NOTIFY told romeo. */
export interface Seen {
  /** Of Subscription-State. */
  readonly state: string;
  /** Absent when there was no document that could be read. */
  readonly device?: DevicePresence;
}

export class RomeoPresence {
  readonly #side: SipSide;
  readonly #ids: Ids;
  readonly #table: PresenceTable;
  readonly #seen = new Waiters<Seen>("romeo");
  readonly #asked = new Waiters<string>("romeo");
  #watching: Dialog | undefined;
  /** Those who watch him, by Call-ID. */
  readonly #watchers = new Map<string, Dialog>();
  #mayWatch = false;
  /** The end of the NOTIFYs under way. */
  #telling: Promise<void> = Promise.resolve();
  #device: DevicePresence = { id: "phone", open: true, notes: [], activities: [] };

  constructor(side: SipSide, ids: Ids, table: PresenceTable) {
    this.#side = side;
    this.#ids = ids;
    this.#table = table;
  }

  /** Asks to see somebody. Rejects when he is refused. */
  async watch(fromUri: string, toUri: string): Promise<void> {
    const ids = { callId: this.#ids.random(), tag: this.#ids.random(64) };
    const { dialog, request } = nextRequest(newDialog(ids, fromUri, toUri), "SUBSCRIBE", {
      branch: this.#ids.random(),
      headers: [
        ["Event", "presence"],
        ["Accept", PIDF_TYPE],
        ["Expires", String(LIFETIME_SECONDS)],
      ],
      peer: "gateway",
    });
    this.#watching = dialog;
    const outcome = await this.#side.sendInDialog(request);
    if (outcome.status >= 300)
      throw new Error(`the gateway refused romeo's SUBSCRIBE: ${outcome.status} ${outcome.reason}`);
    this.#watching = withAnswer(dialog, outcome);
  }

  /** Resolves with the next NOTIFY that fits. */
  sees(what: string, deadlineMs: number, fits: (seen: Seen) => boolean): Promise<Seen> {
    return this.#seen.next(what, deadlineMs, fits);
  }

  /** Resolves with the URI of whoever asks to see him. */
  asked(deadlineMs: number): Promise<string> {
    return this.#asked.next("somebody who asks to see him", deadlineMs);
  }

  /** Whoever has asked may see him, and whoever asks from now on. */
  async approve(): Promise<void> {
    this.#mayWatch = true;
    await this.#tellAll();
  }

  /** What he shows from now on. */
  async show(show: Show | undefined, activity: string | undefined, note: string): Promise<void> {
    this.#device = {
      id: "phone",
      open: true,
      notes: [{ text: note }],
      activities: activity === undefined ? [] : [activity],
      ...(show === undefined ? {} : { show }),
    };
    await this.#tellAll();
  }

  /** What the gateway sends him. */
  take(event: SipEventInput): SipAnswer {
    switch (event.method) {
      case "NOTIFY":
        return this.#notified(event);
      case "SUBSCRIBE":
        return this.#subscribed(event);
      case "PUBLISH":
        return answer(405, "Method Not Allowed");
    }
  }

  #notified({ callId, subscriptionState, contentType, body }: SipEventInput): SipAnswer {
    if (callId !== this.#watching?.callId) return answer(481, "Subscription Does Not Exist");
    const read = body.length === 0 ? undefined : readPresenceDocument(contentType ?? PIDF_TYPE, body);
    const [device] = read?.ok ? read.value.devices : [];
    const { state = "active" } = subscriptionState ?? {};
    this.#seen.take(device === undefined ? { state } : { state, device });
    return answer(200, "OK");
  }

  #subscribed(event: SipEventInput): SipAnswer {
    const { expires = LIFETIME_SECONDS, callId } = event;
    const known = this.#watchers.get(callId);
    if (event.toTag !== undefined && known === undefined) return answer(481, "Subscription Does Not Exist");
    const dialog = known ?? dialogFromSubscribe(event);
    this.#watchers.set(callId, dialog);
    // After the answer, and before anybody decides.
    setImmediate(async () => {
      await this.#tell(callId, expires);
      if (known === undefined) this.#asked.take(event.fromUri);
    });
    return answer(200, "OK", [["Expires", String(expires)]]);
  }

  async #tellAll(): Promise<void> {
    await Promise.all([...this.#watchers.keys()].map((callId) => this.#tell(callId, LIFETIME_SECONDS)));
  }

  /** One NOTIFY after another (RFC 6665 §4.2.2). */
  #tell(callId: string, expires: number): Promise<void> {
    this.#telling = this.#telling.then(() => this.#notify(callId, expires));
    return this.#telling;
  }

  async #notify(callId: string, expires: number): Promise<void> {
    const before = this.#watchers.get(callId);
    if (before === undefined) return;
    const { dialog, request } = nextRequest(before, "NOTIFY", {
      branch: this.#ids.random(),
      headers: [
        ["Event", "presence"],
        ["Subscription-State", this.#stateFor(expires)],
      ],
      peer: "gateway",
    });
    if (expires === 0) this.#watchers.delete(callId);
    else this.#watchers.set(callId, dialog);
    const document = this.#mayWatch ? this.#document(before.localUri) : undefined;
    await this.#side.sendInDialog(
      document === undefined ? request : { ...request, contentType: PIDF_TYPE, body: Buffer.from(document) },
    );
  }

  #stateFor(expires: number): string {
    if (expires === 0) return "terminated;reason=timeout";
    return `${this.#mayWatch ? "active" : "pending"};expires=${expires}`;
  }

  #document(entity: string): string {
    return writePidf({ devices: [this.#device] }, entity, { table: this.#table, switches: DEFAULT_SWITCHES });
  }
}

function answer(status: number, reason: string, headers: SipAnswer["headers"] = []): SipAnswer {
  return { status, reason, headers };
}

const LIFETIME_SECONDS = 3600;
