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
  pidf: "urn:ietf:params:xml:ns:pidf", // RFC 3863
  dataModel: "urn:ietf:params:xml:ns:pidf:data-model", // RFC 4479
  rpid: "urn:ietf:params:xml:ns:pidf:rpid", // RFC 4480
  geopriv: "urn:ietf:params:xml:ns:pidf:geopriv10", // RFC 4119
  civicAddress: "urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr", // RFC 5139
  gml: "http://www.opengis.net/gml", // RFC 5491
  rlmi: "urn:ietf:params:xml:ns:rlmi", // RFC 4662
  watcherinfo: "urn:ietf:params:xml:ns:watcherinfo", // RFC 3858
  idle: "urn:xmpp:idle:1", // XEP-0319
  last: "jabber:iq:last", // XEP-0012, XEP-0256
  nick: "http://jabber.org/protocol/nick", // XEP-0172
  caps: "http://jabber.org/protocol/caps", // XEP-0115
  pubsub: "http://jabber.org/protocol/pubsub", // XEP-0060
  pubsubEvent: "http://jabber.org/protocol/pubsub#event",
  mood: "http://jabber.org/protocol/mood", // XEP-0107
  activity: "http://jabber.org/protocol/activity", // XEP-0108
  geoloc: "http://jabber.org/protocol/geoloc", // XEP-0080
} as const;
