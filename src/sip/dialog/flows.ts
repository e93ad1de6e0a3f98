/**
 * The connections by which phones keep their dialogs with us: behind a NAT there is no other way back than the one that
 * the phone opened. RFC 3261 §18 has none for requests; this is the part of RFC 5626 that needs no phone's help.
 */

import { BoundedMap } from "../../core/bounded-map";
import type { ReceivedRequest } from "../transaction/received-request";
import type { Source, Target } from "../transport/transport";

export class Flows {
  /** By dialog. */
  readonly #sources = new BoundedMap<Source>(2 * REMEMBERED_FLOWS);
  readonly #isOpen: (connection: number) => boolean;

  constructor(isOpen: (connection: number) => boolean) {
    this.#isOpen = isOpen;
  }

  /**
   * A SUBSCRIBE was taken. Its connection is remembered if it is the phone's own: no proxy has forwarded it.
   * @param localTag of the dialog
   */
  remember({ request, source }: ReceivedRequest, localTag: string): void {
    const isDirect = request.headers.getAll("Via").length === 1 && !request.headers.has("Record-Route");
    if (source.connection === undefined || !isDirect) return;
    this.#sources.set(keyOf(request.headers.get("Call-ID") ?? "", localTag), source);
  }

  /** The way back to the phone while its connection is open. */
  targetOf(callId: string, localTag: string): Target | undefined {
    const source = this.#sources.get(keyOf(callId, localTag));
    // Connections are counted and never come back: one that is closed stays so until it is forgotten.
    if (source?.connection === undefined || !this.#isOpen(source.connection)) return undefined;
    const { transport, address, port, connection } = source;
    return { transport, address, port, connection };
  }
}

function keyOf(callId: string, localTag: string): string {
  return `${callId} ${localTag}`;
}

/** More than the connections that a machine serves, with a few dialogs each; one forgotten is tried at its Contact. */
const REMEMBERED_FLOWS = 50_000;
