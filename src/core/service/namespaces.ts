/** Namespaces of what an XMPP user meets beside messages and presence; each line names its XEP. */

export const SERVICE = {
  info: "http://jabber.org/protocol/disco#info", // XEP-0030
  items: "http://jabber.org/protocol/disco#items",
  commands: "http://jabber.org/protocol/commands", // XEP-0050; also the node of its list
  vcard: "vcard-temp", // XEP-0054
  search: "jabber:iq:search", // XEP-0055
  gateway: "jabber:iq:gateway", // XEP-0100 §6
  avatar: "vcard-temp:x:update", // XEP-0153
} as const;
