/** Every option: its type, its default and what it means. `isthmus config init` and docs/configuration.md come from here. */

import type { z } from "zod";
import { ATTRIBUTE, ATTRIBUTE_NAME, DIGEST_PREFIX, FILTER, LDAP_SERVER } from "./directory-values";
import { foreign, option, optional, required, secret, section, sections } from "./option";
import { REGISTRAR } from "./registrar-schema";
import { SERVICE } from "./service-schema";
import {
  ADVERTISED,
  CONTACT_LIST,
  DURATION,
  FILE,
  FOLDER,
  HEALTH_LISTEN,
  HOST_PORT,
  integer,
  LARGEST_DATAGRAM,
  LARGEST_SIZE,
  LISTENER,
  list,
  oneOf,
  PROXY_URI,
  RATE,
  SECRET,
  SIP_ADDRESS,
  SIP_DOMAIN,
  size,
  TEXT,
  TRUST,
  XMPP_DOMAIN,
  YES_NO,
} from "./values";

const DOMAINS_EXAMPLE = `sip:
  - { sip: sip.example, xmpp: sip.example, peer: kamailio }
xmpp:
  - { xmpp: xmpp.example, sip: xmpp.example, via: route }`;

const SWITCHES = {
  messageType: optional(oneOf("chat", "normal"), "chat", "Type of the stanza that a SIP MESSAGE becomes"),
  acceptedStatus: optional(
    oneOf(200, 202),
    202,
    "Answer to a MESSAGE that the XMPP server has (RFC 3428 §7)",
  ),
  udpMaximum: optional(
    size(LARGEST_DATAGRAM),
    "65000 B",
    "Largest MESSAGE that may go by UDP where the peer answers no TCP",
  ),
  imdn: optional(YES_NO, false, "Ask this peer for receipts by CPIM and IMDN (RFC 5438)"),
  cpimScheme: optional(oneOf("im", "sip"), "im", "URI scheme inside CPIM; linphone wants sip"),
  composing: optional(YES_NO, true, "Send typing notifications (RFC 3994)"),
  plainAsHtml: optional(YES_NO, false, "Escape text for clients that show text/plain as HTML (libpurple)"),
  receiptOn200: optional(YES_NO, true, "Let a final 200 stand for a receipt where IMDN is off"),
  rpidAway: optional(
    YES_NO,
    true,
    "Tell away by RPID beside <show/>; false for baresip, which shows it as offline",
  ),
  emptyNotify: optional(
    oneOf("unknown", "closed"),
    "unknown",
    "Meaning of an active NOTIFY without a body; closed for Kamailio's presence server",
  ),
  presenceEntity: optional(oneOf("pres", "sip"), "pres", "URI scheme of entity in PIDF (RFC 3922 §5.1.1)"),
  digestMd5Only: optional(
    YES_NO,
    false,
    "Challenge with MD5 alone: baresip 1.0 gives up when anything else is offered too",
  ),
  digestWithoutQop: optional(YES_NO, false, "Take digest answers without qop (libpurple)"),
  dialogViaProxy: optional(
    YES_NO,
    false,
    "Send the requests of a dialog to the proxy even if it adds no Record-Route (phones behind a NAT)",
  ),
};

const SIP = section("The SIP side: where we listen, whom we believe, where we send.", {
  listen: option(
    list(LISTENER),
    ["udp:127.0.0.1:5060", "tcp:127.0.0.1:5060"],
    "Where SIP is accepted: udp, tcp or tls, an IP address ([::1] for IPv6) and a port",
  ),
  advertise: optional(
    ADVERTISED,
    "gateway.example",
    "Host, or host:port, to name in Via and Contact: behind NAT or a balancer",
  ),
  tls: section("Certificate for tls: listeners, and what TLS peers must show.", {
    certificate: optional(FILE, "/etc/isthmus/fullchain.pem", "PEM file with our certificate and its chain"),
    key: optional(FILE, "/etc/isthmus/key.pem", "PEM file with its private key"),
    ca: optional(
      FILE,
      "/etc/isthmus/ca.pem",
      "PEM file with the authorities we accept; left out: those of Node",
    ),
    clientCertificate: option(
      oneOf("none", "ask", "require"),
      "ask",
      "Ask those who connect for a certificate",
    ),
  }),
  realm: option(TEXT, "isthmus", "Realm of our digest challenges"),
  users: optional(
    FILE,
    "users.yaml",
    "YAML list of those who sign in with digest: username, uri, ha1 or sha256",
  ),
  timers: section("Times of RFC 3261 §17; everything else is derived from them.", {
    t1: option(DURATION, "500 ms", "Estimate of a round trip; a request is given up after 64 of them"),
    t2: option(DURATION, "4 s", "Longest interval between retransmissions"),
    t4: option(DURATION, "5 s", "Longest time that a message stays in the network"),
  }),
  limits: section("Bounds of the SIP side.", {
    serverTransactions: option(integer(1, 10_000_000), 100_000, "Requests from SIP being answered at once"),
    clientTransactions: option(integer(1, 10_000_000), 100_000, "Requests to SIP being waited for at once"),
    connections: option(integer(1, 1_000_000), 2000, "TCP and TLS connections open at once"),
    messageSize: option(size(LARGEST_SIZE), "256 KiB", "Largest SIP message that is read"),
    idleClose: option(DURATION, "10 min", "Silence after which a connection is closed"),
    connectTimeout: option(DURATION, "5 s", "How long a connection may take to open"),
  }),
  switches: section("What holds for every peer that does not say otherwise.", SWITCHES),
  peers: sections("SIP neighbours: proxies, or domains that are found by DNS.", {
    name: required(TEXT, "kamailio", "Name that domain rules and the log use"),
    domains: option(
      list(SIP_DOMAIN),
      [],
      "SIP domains it may speak for, beside those whose rule names this peer",
    ),
    trust: option(
      list(TRUST),
      [],
      "Who may speak for these domains: address ranges, or tls: and a certificate's name",
    ),
    proxy: optional(
      PROXY_URI,
      "sip:127.0.0.1:5080;transport=tcp",
      "Where its requests go; left out: DNS (RFC 3263)",
    ),
    route: option(YES_NO, true, "Name the proxy in a Route header; false: only send there"),
    username: optional(TEXT, "isthmus", "Name for the digest challenges of this peer"),
    password: secret(SECRET, "a secret", "Password for them; better one of the next two"),
    passwordFile: optional(FILE, "kamailio.password", "File that holds the password"),
    passwordEnv: optional(TEXT, "KAMAILIO_PASSWORD", "Environment variable that holds the password"),
    switches: section("Where this peer differs.", SWITCHES),
  }),
});

const XMPP = section("The XMPP side: our links to XMPP servers (XEP-0114).", {
  components: sections("One link for each component host.", {
    host: required(XMPP_DOMAIN, "sip.example", "Component host: the domain of the JIDs that SIP users get"),
    server: option(HOST_PORT, "127.0.0.1:5347", "Where the XMPP server listens for components"),
    secret: secret(
      SECRET,
      "a secret",
      "The secret that the server has for this component; better one of the next two",
    ),
    secretFile: optional(FILE, "component.secret", "File that holds the secret"),
    secretEnv: optional(TEXT, "ISTHMUS_SECRET", "Environment variable that holds the secret"),
  }),
  reconnect: section("Pauses between attempts to connect; they double, with jitter.", {
    first: option(DURATION, "1 s", "First pause"),
    longest: option(DURATION, "60 s", "Longest pause"),
  }),
  ping: section("How a dead link is noticed.", {
    every: option(DURATION, "30 s", "Silence after which we ping"),
    deadline: option(DURATION, "10 s", "How long the answer may take"),
  }),
  proofDeadline: option(
    DURATION,
    "10 s",
    "How long a SIP sender waits for the XMPP server's proof; under 32 times t1",
  ),
  limits: section("Bounds of the XMPP side.", {
    inFlight: option(integer(1, 1_000_000), 10_000, "Stanzas waiting for proof on one link"),
    queuedSize: option(size(LARGEST_SIZE), "16 MiB", "Octets waiting in the socket of one link"),
    stanzaSize: option(size(LARGEST_SIZE), "1 MiB", "Largest stanza that is read"),
    depth: option(integer(4, 1000), 64, "Deepest nesting of elements that is read"),
  }),
});

const PRESENCE = section("Who sees whom online (RFC 8048).", {
  enabled: option(YES_NO, true, "Translate presence; false: messages only"),
  expires: option(
    DURATION,
    "1 h",
    "Lifetime of a SIP subscription when nobody says otherwise (RFC 3856 §6.4)",
  ),
  minimumExpires: option(DURATION, "1 min", "Shortest lifetime that a SIP watcher may ask for"),
  maximumExpires: option(DURATION, "1 d", "Longest lifetime that a SIP watcher is given"),
  notifyInterval: option(
    DURATION,
    "1 s",
    "Shortest time between two NOTIFYs to one watcher; changes meanwhile go as one",
  ),
  requestsPerSecond: option(
    integer(1, 100_000),
    1000,
    "Subscriptions begun or refreshed by ourselves in a second: after a restart, or when many are due",
  ),
  probeAnswer: option(DURATION, "5 s", "How long a watcher's server may take to say whether he is online"),
  retry: section("Pauses before a failed subscription is tried again; they double, with jitter.", {
    first: option(DURATION, "15 s", "First pause"),
    longest: option(DURATION, "30 min", "Longest pause"),
  }),
  publish: option(
    list(SIP_DOMAIN),
    [],
    "SIP domains whose phones publish here (RFC 3903): Isthmus is their presence server",
  ),
  approval: option(
    oneOf("auto", "ask"),
    "auto",
    "Who may watch people of those domains: auto, whoever asks; ask, those whom they watch or the operator lets in",
  ),
  winfo: option(YES_NO, true, "Tell people of those domains who watches them (RFC 3857)"),
  contactLists: option(
    list(SIP_ADDRESS),
    [],
    "Addresses such as sip:contacts@sip.example: all whom the watcher watches, by one SUBSCRIBE (RFC 4662)",
  ),
  lists: option(
    list(CONTACT_LIST),
    [],
    "Lists of contacts that their owners watch by one SUBSCRIBE (RFC 4662): uri, owner, members, name",
  ),
  limits: section("Bounds of presence.", {
    subscriptions: option(integer(1, 10_000_000), 1_000_000, "Subscriptions in all"),
    perWatcher: option(integer(1, 1_000_000), 2000, "Of those, subscriptions of one watcher"),
    burst: option(integer(1, 1_000_000), 1000, "Subscriptions that one watcher may ask for at once"),
    perSecond: option(integer(1, 100_000), 20, "How many more in a second after that"),
    devices: option(integer(1, 10_000), 100, "Devices of one person that are shown"),
    publications: option(integer(1, 1000), 20, "Publications of one person; one more replaces the oldest"),
    publicationSize: option(size(LARGEST_SIZE), "64 KiB", "Largest document that is published"),
    listMembers: option(integer(1, 10_000), 500, "Contacts of one list"),
    notifySize: option(
      size(LARGEST_SIZE),
      "60000 B",
      "Octets of contacts in one NOTIFY of a list; the others come with the next",
    ),
  }),
});

const DIRECTORY = section("Who is who: the users file of sip.users first, then LDAP.", {
  person: optional(
    TEXT,
    "sip:romeo@sip.example",
    "Address or username that `isthmus check` looks up, to see that the directory works",
  ),
  cache: section("What is remembered of the answers.", {
    lifetime: option(DURATION, "20 min", "How long people and their digests are remembered"),
    absence: option(DURATION, "1 min", "How long it is remembered that somebody is unknown"),
    entries: option(integer(1, 10_000_000), 50_000, "Answers remembered at once"),
    size: option(size(LARGEST_SIZE), "64 MiB", "Octets of them; photos are large"),
    freshEvery: option(
      DURATION,
      "5 s",
      "How often one username is asked for anew at most, when a digest does not fit what is remembered",
    ),
  }),
  ldap: section("An LDAP directory; without servers there is none.", {
    name: option(TEXT, "ldap", "Name that the log and the commands use"),
    servers: option(
      list(LDAP_SERVER),
      [],
      "ldaps://host or ldap://host, with a port if it is not 636 or 389; the first that works is asked",
    ),
    startTls: option(YES_NO, false, "Begin TLS on ldap: servers (StartTLS)"),
    allowPlain: option(YES_NO, false, "Send passwords and digests to another machine without TLS"),
    ca: optional(
      FILE,
      "/etc/isthmus/ldap-ca.pem",
      "PEM file with the authorities we accept; left out: those of Node",
    ),
    bindDn: optional(
      TEXT,
      "cn=isthmus,dc=example,dc=org",
      "Who signs in; must be able to read the digests. Left out: anonymous",
    ),
    password: secret(SECRET, "a secret", "Password of bindDn; better one of the next two"),
    passwordFile: optional(FILE, "ldap.password", "File that holds the password"),
    passwordEnv: optional(TEXT, "LDAP_PASSWORD", "Environment variable that holds the password"),
    base: optional(TEXT, "ou=people,dc=example,dc=org", "Entry below which people are"),
    scope: option(oneOf("sub", "one"), "sub", "How deep below it: sub, all levels; one, the next alone"),
    attributes: section(
      "Where an entry says what: the name of an attribute, or a text with one in braces. Empty text: nowhere.",
      {
        username: option(ATTRIBUTE, "uid", "Name in the digest"),
        sip: option(ATTRIBUTE, "sipAddress", "The SIP address that goes out, such as {uid}@sip.example"),
        aliases: option(ATTRIBUTE, "sipAlias", "Further SIP addresses"),
        jid: option(
          ATTRIBUTE,
          "jid",
          "His own JID; nowhere: the one that the domain rules make of his SIP address",
        ),
        jidAliases: option(ATTRIBUTE, "", "Further JIDs"),
        md5: option(ATTRIBUTE, "sipDigestMd5", "MD5 of username:realm:password, in hex"),
        sha256: option(ATTRIBUTE, "sipDigestSha256", "SHA-256 of the same"),
        sha512: option(ATTRIBUTE, "sipDigestSha512", "SHA-512/256 of the same"),
        digestPrefix: optional(
          DIGEST_PREFIX,
          "{realm}:",
          "What stands before each digest and is taken off; {realm} and {username} are filled in",
        ),
        allowed: option(
          ATTRIBUTE_NAME,
          "",
          "Who may use the service has allowedValue here; nowhere: everybody",
        ),
        allowedValue: option(TEXT, "TRUE", "The value that allows; of several one is enough (memberOf)"),
        name: option(ATTRIBUTE, "displayName", "Name to show"),
        givenName: option(ATTRIBUTE, "givenName", "For the card"),
        familyName: option(ATTRIBUTE, "sn", "For the card"),
        email: option(ATTRIBUTE, "mail", "For the card"),
        telephone: option(ATTRIBUTE, "telephoneNumber", "For the card"),
        organization: option(ATTRIBUTE, "o", "For the card"),
        unit: option(ATTRIBUTE, "ou", "For the card"),
        title: option(ATTRIBUTE, "title", "For the card"),
        photo: option(ATTRIBUTE, "", "For the card and as avatar: jpegPhoto or thumbnailPhoto"),
      },
    ),
    filters: section(
      "Filters (RFC 4515). {user}, {domain}, {address}, {jid}, {username}, {words} are filled in and escaped.",
      {
        person: option(FILTER, "(objectClass=person)", "Who does not fit it is nobody"),
        sip: optional(
          FILTER,
          "(sipAlias={user}@{domain})",
          "Finds a SIP address; left out: made of the attributes",
        ),
        jid: optional(FILTER, "(jid={jid})", "Finds a JID; left out: made of the attributes"),
        username: optional(FILTER, "(uid={username})", "Finds a username; left out: made of the attributes"),
        search: optional(
          FILTER,
          "(cn=*{words}*)",
          "Finds one word of a search; left out: made of the attributes",
        ),
      },
    ),
    limits: section("Bounds of LDAP.", {
      connections: option(integer(1, 1000), 8, "Connections to one server at once"),
      questions: option(integer(1, 1000), 16, "Questions under way on one connection at once"),
      waiting: option(integer(1, 1_000_000), 1000, "Questions waiting for their turn"),
      connect: option(DURATION, "3 s", "How long connecting, TLS and signing in may take"),
      query: option(DURATION, "3 s", "How long an answer may take"),
      retry: option(DURATION, "10 s", "After how long a server that failed is tried again"),
      idle: option(DURATION, "5 min", "Silence after which a connection is closed"),
      answerSize: option(size(LARGEST_SIZE), "1 MiB", "Largest answer that is read"),
      results: option(integer(1, 10_000), 100, "People found by one search"),
      page: option(integer(1, 10_000), 100, "Entries of one page of a search (RFC 2696)"),
      photoSize: option(size(LARGEST_SIZE), "64 KiB", "Largest photo; a larger one is left out"),
    }),
  }),
});

const WAITING = section("Messages from XMPP to people with no device (XEP-0160).", {
  domains: option(
    list(SIP_DOMAIN),
    [],
    "SIP domains whose phones register here and whose people's messages wait for them; else the sender gets an error",
  ),
  messages: option(integer(1, 1_000_000), 500, "Messages for one person; one more gets an error"),
  size: option(size(LARGEST_SIZE), "1 MiB", "Octets of them"),
  total: option(size(LARGEST_SIZE), "256 MiB", "Octets for everybody together"),
  days: option(integer(1, 3650), 14, "Days after which a message is given up and its sender told"),
  otherDevices: option(
    DURATION,
    "1 min",
    "How long after its delivery a message is still given to other devices that register",
  ),
});

const LISTS = section("Who may reach whom (XEP-0191); `isthmus lists` shows and changes it.", {
  entries: option(integer(1, 1_000_000), 1000, "Entries of one list"),
});

const RATES = section(
  "How fast somebody may go: beyond the burst messages are slowed, then their sender is warned once, then they are refused.",
  {
    messages: section("Messages in both directions.", {
      sender: option(
        RATE,
        "100/s, burst 2000",
        "Of one sender; off where one address speaks for many people",
      ),
      pair: option(RATE, "50/s, burst 1000", "Of one sender to one recipient"),
      peer: option(RATE, "off", "Of one SIP peer, or of one XMPP server: all of its people together"),
    }),
    slow: option(DURATION, "2 s", "The longest that a message is delayed before it is refused"),
    subscriptions: section(
      "Subscriptions to presence; those of one watcher are bounded by presence.limits.",
      {
        pair: option(RATE, "2/s, burst 200", "Of one watcher to one contact"),
        peer: option(RATE, "off", "Of one SIP peer, or of one XMPP server"),
      },
    ),
    registrations: section("REGISTER, where phones register here.", {
      sender: option(RATE, "10/s, burst 200", "Of one person: all of his phones"),
      peer: option(RATE, "off", "Of one address: all phones behind one NAT"),
    }),
  },
);

/** The whole configuration. */
export const SCHEMA = section("", {
  sip: SIP,
  xmpp: XMPP,
  domains: foreign(
    "a file, or the lists sip and xmpp as in mappings/domains.yaml",
    DOMAINS_EXAMPLE,
    "Who lives where: left out, domains.yaml of the mappings folder",
  ),
  mappings: optional(
    FOLDER,
    "mappings",
    "Folder with tables of your own; what it lacks comes with the package",
  ),
  store: section("What must survive a restart.", {
    file: option(FILE, "isthmus.db", "SQLite database; its folder must be writable"),
  }),
  log: section("The log goes to standard output, one event a line.", {
    level: option(oneOf("debug", "info", "warn", "error"), "info", "Least severe event that is written"),
    format: option(oneOf("json", "text"), "json", "json for programs, text for people"),
  }),
  health: section("A page for health checks and counters (HTTP).", {
    listen: option(HEALTH_LISTEN, "127.0.0.1:8060", "Where it is served"),
  }),
  presence: PRESENCE,
  registrar: REGISTRAR,
  waiting: WAITING,
  lists: LISTS,
  directory: DIRECTORY,
  service: SERVICE,
  limits: section("Bounds of the gateway between the two sides.", {
    journal: option(integer(1, 10_000_000), 20_000, "Messages taken from XMPP and not yet answered by SIP"),
    perPair: option(integer(1, 1_000_000), 500, "Of those, messages of one pair of people"),
    sipInFlight: option(integer(1, 1_000_000), 2000, "SIP requests under way at once"),
    messageDeadline: option(
      DURATION,
      "2 min",
      "How long a message from XMPP may wait before its sender is told",
    ),
    conversations: option(integer(1, 10_000_000), 50_000, "Pairs of people whose typing state is remembered"),
    receiptLifetime: option(DURATION, "7 d", "How long a receipt may come after its message"),
    stopGrace: option(DURATION, "5 s", "How long stopping waits for what is under way"),
    rates: RATES,
  }),
});

/** The configuration as written, with the defaults filled in: files are not read yet. */
export type Settings = z.output<typeof SCHEMA.schema>;
export type PeerSettings = Settings["sip"]["peers"][number];
export type SwitchSettings = PeerSettings["switches"];
