/** Namespace names, once. Inside Isthmus every stanza is in `jabber:client`, whatever the stream's own namespace is. */

export const NS = {
  /** The XMPP adapter turns `jabber:component:accept` (XEP-0114) into this and back. */
  client: "jabber:client",
  component: "jabber:component:accept",
  stanzas: "urn:ietf:params:xml:ns:xmpp-stanzas", // RFC 6120 §8.3
  receipts: "urn:xmpp:receipts", // XEP-0184
  markers: "urn:xmpp:chat-markers:0", // XEP-0333
  chatStates: "http://jabber.org/protocol/chatstates", // XEP-0085
  delay: "urn:xmpp:delay", // XEP-0203
  stanzaId: "urn:xmpp:sid:0", // XEP-0359
  xhtmlIm: "http://jabber.org/protocol/xhtml-im", // XEP-0071
  xhtml: "http://www.w3.org/1999/xhtml",
  composing: "urn:ietf:params:xml:ns:im-iscomposing", // RFC 3994
  imdn: "urn:ietf:params:xml:ns:imdn", // RFC 5438
} as const;
