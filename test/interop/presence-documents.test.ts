/**
 * What real phones make of the documents that we write: straight from the writer, so that only the document decides.
 * @jest-environment ./test/support/environment.ts
 */

import type { DevicePresence, PresenceDocument, Show } from "../../src/core/presence/document";
import type { PeerSwitches } from "../../src/core/switches";
import { JULIET, written } from "../core/presence/fixtures";
import { startBaresip } from "../support/baresip";
import { startLinphonePhone, startPurplePhone } from "../support/library-phone";
import { freePort, holdAddress } from "../support/ports";
import { SipContact } from "../support/presence-peer";
import { needs } from "../support/requires";
import { header, SipPeer, type WireMessage } from "../support/sip-peer";

jest.setTimeout(60_000);

const URI = `sip:${JULIET}`;
const AOR = "romeo@example.net";

/** A phone that watches Juliet, and waits until it shows her so. */
interface Watching {
  shows(state: string): Promise<void>;
  stop(): Promise<void>;
}

const device = (id: string, fields: Partial<DevicePresence> = {}): DevicePresence => ({
  id,
  open: true,
  notes: [{ text: "Wooing <& waiting>", language: "en" }],
  priority: 5,
  since: Date.UTC(2026, 0, 2),
  activities: [],
  ...fields,
});
const shown = (show: Show) => device("balcony", { show, idleSince: Date.UTC(2026, 0, 1) });
const CLOSED = device("balcony", { open: false });

const DOCUMENTS = {
  available: { devices: [device("balcony")] },
  away: { devices: [shown("away")] },
  xa: { devices: [shown("xa")] },
  dnd: { devices: [shown("dnd")] },
  chat: { devices: [shown("chat")] },
  "two devices, one busy": { devices: [shown("dnd"), device("ward 7/🌙")] },
  "one of two gone": { devices: [CLOSED, device("chamber")] },
  gone: { devices: [CLOSED] },
  "rich, in a meeting": {
    devices: [device("balcony")],
    person: {
      activities: ["meeting"],
      moods: ["happy"],
      notes: [{ text: "x" }],
      location: { lat: "45.4", lon: "12.3", locality: "Venice" },
    },
  },
} satisfies Record<string, PresenceDocument>;
type Situation = keyof typeof DOCUMENTS;
const SITUATIONS = Object.keys(DOCUMENTS) as Situation[];

interface Phone {
  readonly start: (proxy: { address: string; port: number }) => Promise<Watching>;
  readonly switches: Partial<PeerSwitches>;
  /** What it shows; where it is not named, that she is there. */
  readonly shows: Readonly<Partial<Record<Situation, string>>> & { readonly available: string };
}

const PHONES: Readonly<Record<string, Phone>> = {
  baresip: {
    start: async (proxy) => {
      const phone = await startBaresip({ aor: AOR, proxy, register: true, presence: true, contacts: [URI] });
      return { shows: (state) => phone.untilShows(URI, state), stop: () => phone.stop() };
    },
    switches: { rpidAway: false },
    shows: { available: "Online", dnd: "Busy", gone: "Offline" },
  },
  linphone: {
    start: async (proxy) => {
      const phone = await startLinphonePhone({ aor: AOR, proxy, contacts: [URI] });
      return {
        shows: (said) => {
          const [state = "", activity = null] = said.split(" ");
          return phone.untilShows(URI, { state, activity });
        },
        stop: () => phone.stop(),
      };
    },
    switches: {},
    shows: {
      available: "online",
      away: "busy away",
      xa: "busy away",
      dnd: "busy busy",
      gone: "offline",
      "rich, in a meeting": "busy meeting",
    },
  },
  "Pidgin's SIMPLE": {
    start: async (proxy) => {
      const phone = await startPurplePhone({ aor: AOR, proxy, contacts: [URI] });
      return { shows: (state) => phone.untilShows(URI, { state }), stop: () => phone.stop() };
    },
    switches: {},
    shows: { available: "available", gone: "offline" },
  },
};

needs(["baresip", "linphone-cli", "libpurple0"], "phones show the truth of our documents", () => {
  describe.each(Object.entries(PHONES))("%s", (_, { start, switches, shows }) => {
    test.each(["pres", "sip"] as const)("with an entity of scheme %s", async (presenceEntity) => {
      const address = await holdAddress();
      const peer = await SipPeer.open({ address, port: await freePort(address) });
      peer.answer = registrar;
      // Where the phone is, as its SUBSCRIBE will say.
      const target = { transport: "udp" as const, address: "", port: 0 };
      const contact = new SipContact(peer, target, URI);
      const phone = await start({ address, port: peer.port });
      try {
        const subscribe = await contact.subscribed(30_000);
        Object.assign(target, placeOf(subscribe));
        for (const situation of SITUATIONS) {
          const document = written(DOCUMENTS[situation], { ...switches, presenceEntity });
          const end = await contact.notify(subscribe, "active;expires=600", document);
          expect([situation, end.status]).toEqual([situation, 200]);
          await phone.shows(shows[situation] ?? shows.available);
        }
      } finally {
        await phone.stop();
        await peer.close();
      }
    });
  });
});

function placeOf(request: WireMessage): { address: string; port: number } {
  const [, address = "", port = "5060"] = /@([\d.]+)(?::(\d+))?/.exec(header(request, "Contact") ?? "") ?? [];
  return { address, port: Number(port) };
}

/** As much of a registrar and of a presence server as a phone needs to go on. */
function registrar(request: WireMessage): { status: number; headers?: readonly string[] } {
  const expires = `Expires: ${header(request, "Expires") ?? 600}`;
  if (request.startLine.startsWith("PUBLISH ")) return { status: 200, headers: ["SIP-ETag: e1", expires] };
  if (!request.startLine.startsWith("REGISTER ")) return { status: 200 };
  return { status: 200, headers: [`Contact: ${header(request, "Contact")}`, expires] };
}
