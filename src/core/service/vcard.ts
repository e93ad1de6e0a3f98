/** What others may know of a SIP user, as a card. XEP-0054 §3; the hash of the picture by XEP-0153 §3.1. */

import { type Element, element } from "../../xml/element";
import { SERVICE } from "./namespaces";

export interface Card {
  readonly name?: string;
  readonly givenName?: string;
  readonly familyName?: string;
  readonly email?: string;
  readonly telephone?: string;
  readonly organization?: string;
  readonly unit?: string;
  readonly title?: string;
  /** Canonical bare JID by which XMPP reaches the person. */
  readonly jid?: string;
  /** SIP address. */
  readonly uri?: string;
  /** The octets in base64. */
  readonly photo?: { readonly type: string; readonly base64: string };
}

/** The card of somebody; `{}` gives the empty one (§3.1: there is none). */
export function vcardElement(card: Card): Element {
  const { givenName, familyName, email, telephone, organization, unit, title, jid, uri, photo } = card;
  const name = card.name ?? joined(givenName, familyName);
  return vcard(
    "vCard",
    leaf("FN", name),
    group("N", leaf("FAMILY", familyName), leaf("GIVEN", givenName)),
    photo && group("PHOTO", leaf("TYPE", photo.type), leaf("BINVAL", photo.base64)),
    telephone === undefined
      ? undefined
      : group("TEL", vcard("WORK"), vcard("VOICE"), leaf("NUMBER", telephone)),
    email === undefined ? undefined : group("EMAIL", vcard("INTERNET"), leaf("USERID", email)),
    leaf("JABBERID", jid),
    leaf("TITLE", title),
    group("ORG", leaf("ORGNAME", organization), leaf("ORGUNIT", unit)),
    leaf("URL", uri),
  );
}

/**
 * The element that presence carries for whoever shows pictures.
 * @param hash SHA-1 of the picture in lower-case hex; "" when there is none; undefined when that is not known yet
 */
export function avatarElement(hash: string | undefined): Element {
  const photo = hash === undefined ? undefined : element(SERVICE.avatar, "photo", {}, hash);
  return element(SERVICE.avatar, "x", {}, photo);
}

function joined(givenName: string | undefined, familyName: string | undefined): string | undefined {
  const parts = [givenName, familyName].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(" ");
}

function group(name: string, ...content: readonly (Element | undefined)[]): Element | undefined {
  return content.some((part) => part !== undefined) ? vcard(name, ...content) : undefined;
}

function leaf(name: string, text: string | undefined): Element | undefined {
  return text === undefined || text === "" ? undefined : element(SERVICE.vcard, name, {}, text);
}

function vcard(name: string, ...content: readonly (Element | undefined)[]): Element {
  return element(SERVICE.vcard, name, {}, ...content);
}
