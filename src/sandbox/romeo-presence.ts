/** Romeo's presence: he watches others, and publishes what others may see of him, as a phone does. RFC 3856, RFC 3903. */

import type { SipEventInput } from "../core/input";
import type { DevicePresence } from "../core/presence/document";
import { PIDF_TYPE, readPresenceDocument } from "../core/presence/read-document";
import { writePidf } from "../core/presence/write-pidf";
import type { Dialog } from "../core/subscription/dialog";
import { newDialog, nextRequest, withAnswer } from "../core/subscription/in-dialog";
import { DEFAULT_SWITCHES } from "../core/switches";
import type { PresenceTable } from "../core/tables";
import type { Ids, SipAnswer } from "../gateway/sides";
import type { SipUserAgent } from "../sip/user-agent";
import { Waiters } from "./waiters";

/** What a NOTIFY told romeo. */
export interface Seen {
  /** Of Subscription-State. */
  readonly state: string;
  /** Absent when there was no document that could be read. */
  readonly device?: DevicePresence;
}

export class RomeoPresence {
  readonly #side: SipUserAgent;
  readonly #ids: Ids;
  readonly #table: PresenceTable;
  readonly #seen = new Waiters<Seen>("romeo");
  #watching: Dialog | undefined;
  /** Tag of what he has published. */
  #etag: string | undefined;
  #published = 0;

  constructor(side: SipUserAgent, ids: Ids, table: PresenceTable) {
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
    refuse("SUBSCRIBE", outcome);
    this.#watching = withAnswer(dialog, outcome);
  }

  /** Resolves with the next NOTIFY that fits. */
  sees(what: string, deadlineMs: number, fits: (seen: Seen) => boolean): Promise<Seen> {
    return this.#seen.next(what, deadlineMs, fits);
  }

  /** What he shows from now on. Rejects when it is refused. */
  async show(uri: string, activity: string | undefined, note: string): Promise<void> {
    const activities = activity === undefined ? [] : [activity];
    const device: DevicePresence = { id: "phone", open: true, notes: [{ text: note }], activities };
    this.#published += 1;
    const outcome = await this.#side.publish({
      toUri: uri,
      fromUri: uri,
      fromTag: this.#ids.random(64),
      callId: this.#ids.random(),
      cseq: this.#published,
      branch: this.#ids.random(),
      contentType: PIDF_TYPE,
      headers: [
        ["Event", "presence"],
        ["Expires", String(LIFETIME_SECONDS)],
        ...(this.#etag === undefined ? [] : [["SIP-If-Match", this.#etag] as const]),
      ],
      body: Buffer.from(
        writePidf({ devices: [device] }, uri, { table: this.#table, switches: DEFAULT_SWITCHES }),
      ),
      peer: "gateway",
    });
    refuse("PUBLISH", outcome);
    this.#etag = outcome.etag;
  }

  /** What the gateway sends him. */
  take(event: SipEventInput): SipAnswer {
    if (event.method !== "NOTIFY") return answer(405, "Method Not Allowed");
    const { callId, subscriptionState, contentType, body } = event;
    if (callId !== this.#watching?.callId) return answer(481, "Subscription Does Not Exist");
    const read = body.length === 0 ? undefined : readPresenceDocument(contentType ?? PIDF_TYPE, body);
    const [device] = read?.ok ? read.value.devices : [];
    const { state = "active" } = subscriptionState ?? {};
    this.#seen.take(device === undefined ? { state } : { state, device });
    return answer(200, "OK");
  }
}

function refuse(method: string, outcome: { readonly status: number; readonly reason: string }): void {
  if (outcome.status >= 300)
    throw new Error(`the gateway refused romeo's ${method}: ${outcome.status} ${outcome.reason}`);
}

function answer(status: number, reason: string): SipAnswer {
  return { status, reason, headers: [] };
}

const LIFETIME_SECONDS = 3600;
