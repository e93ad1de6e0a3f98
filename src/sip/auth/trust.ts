/** Who may speak for whom. RFC 3325 §4, §5, §9.1 (trusted neighbours); RFC 3261 §22 (everyone else); architecture §4 point 11. */

import { BlockList, isIP } from "node:net";
import { parseSipUri, type SipUri } from "../../core/address/sip-uri";
import type { Signer } from "../../core/input";
import { Memo } from "../../core/memo";
import { DEFAULT_SWITCHES } from "../../core/switches";
import type { Clock, Counters, DirectoryAnswer, Log, Person } from "../../gateway/sides";
import type { HeaderField } from "../message/header-list";
import { parseNameAddr } from "../message/name-addr";
import { splitValues } from "../message/values";
import type { SipOptions, SipPeer } from "../options";
import type { ReceivedRequest } from "../transaction/received-request";
import type { Source } from "../transport/transport";
import { type DigestContext, DigestServer, type DigestVerdict } from "./digest-server";
import { domainsOfUsers, listedSecrets, offeredAlgorithms, type SecretSource } from "./secrets";

export type TrustVerdict =
  /** The request speaks for `fromUri`; `peer` names whose switches apply. */
  | {
      readonly kind: "speaks";
      readonly fromUri: string;
      readonly peer: string;
      /** Does the source speak for a whole domain, and not the user for himself? */
      readonly isNeighbour: boolean;
      /** Whoever signed it; absent: nobody did, or what is known of him names no JID. */
      readonly signer?: Signer;
    }
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly reason: string;
      readonly headers: readonly HeaderField[];
    };

export interface TrustDeps {
  readonly log: Log;
  readonly counters: Counters;
  readonly clock: Pick<Clock, "after">;
  /** Who is who; absent: the users of the options. */
  readonly directory?: SecretSource | undefined;
}

export class Trust {
  readonly #peers: readonly TrustedPeer[];
  readonly #digest: DigestServer;
  /** Domains some of whose users sign for themselves. */
  readonly #userDomains: ReadonlySet<string>;
  readonly #directory: SecretSource;
  readonly #clock: Pick<Clock, "after">;
  readonly #peersByAddress = new Map<string, readonly TrustedPeer[]>();
  readonly #uris = new Memo(parseSipUri, REMEMBERED_URIS);
  readonly #log: Log;
  readonly #counters: Counters;

  constructor(
    options: Pick<
      SipOptions,
      "peers" | "users" | "realm" | "signingDomains" | "digestAlgorithms" | "registrar"
    >,
    deps: TrustDeps,
  ) {
    const { users, realm } = options;
    this.#peers = options.peers.map((peer) => new TrustedPeer(peer));
    this.#directory = deps.directory ?? listedSecrets(users, realm);
    const algorithms = options.digestAlgorithms ?? offeredAlgorithms(users);
    this.#digest = new DigestServer({ realm, algorithms, secrets: this.#directory });
    this.#userDomains = new Set([
      ...domainsOfUsers(users),
      ...(options.signingDomains ?? []),
      ...(options.registrar?.domains ?? []),
    ]);
    this.#log = deps.log;
    this.#counters = deps.counters;
    this.#clock = deps.clock;
  }

  /**
   * Judges a request: by its source, else by its credentials. A From header alone proves nothing.
   * @returns at once, or later where the directory has to be asked; never rejects
   */
  judge(received: ReceivedRequest, now: number): TrustVerdict | Promise<TrustVerdict> {
    const believed = this.#believedPeers(received.source);
    return believed.length > 0
      ? this.#judgeNeighbour(received, believed)
      : this.#judgeStranger(received, now);
  }

  /**
   * Whom a NOTIFY seems to come from. It is never challenged: its dialog, which only the two sides know, makes it good
   * (RFC 6665 §4.1.3), and a far notifier has no password here.
   * @returns `proven` when the source is trusted to speak for `fromUri`
   */
  recognise(received: ReceivedRequest): {
    readonly fromUri: string;
    readonly peer: string;
    readonly proven: boolean;
  } {
    const believed = this.#believedPeers(received.source);
    const verdict = believed.length === 0 ? undefined : this.#judgeNeighbour(received, believed);
    if (verdict?.kind === "speaks") return { fromUri: verdict.fromUri, peer: verdict.peer, proven: true };
    const fromUri = received.from.uri;
    const from = this.#uris.of(fromUri);
    const peer = from.ok ? this.#peers.find(({ domains }) => domains.has(from.value.host))?.peer : undefined;
    return { fromUri, peer: peer?.name ?? DEFAULT_PEER, proven: false };
  }

  #judgeNeighbour(received: ReceivedRequest, peers: readonly TrustedPeer[]): TrustVerdict {
    const fromUri = assertedIdentity(received) ?? received.from.uri;
    const uri = this.#uris.of(fromUri);
    if (!uri.ok) return refused(400, "Malformed From");
    for (const { peer, domains, isForAll } of peers) {
      if (isForAll || domains.has(uri.value.host)) {
        return { kind: "speaks", fromUri, peer: peer.name, isNeighbour: true };
      }
    }
    this.#counters.add("sip.trust.foreign-domain");
    return refused(403, "Sender Domain Not Served");
  }

  #judgeStranger(received: ReceivedRequest, now: number): TrustVerdict | Promise<TrustVerdict> {
    const from = parseSipUri(received.from.uri);
    if (!from.ok) return refused(400, "Malformed From");
    const { host } = from.value;
    if (!this.#userDomains.has(host)) {
      this.#counters.add("sip.trust.strangers");
      return refused(403, "Forbidden");
    }
    const peer = this.#peers.find((candidate) => candidate.domains.has(host))?.peer;
    const { digestWithoutQop: allowLegacy, digestMd5Only: md5Only } = peer?.switches ?? DEFAULT_SWITCHES;
    const context: DigestContext = { address: received.source.address, allowLegacy, md5Only, now };
    const verdict = this.#digest.verify(received.request, context);
    const sender: Sender = { received, from: from.value, peer: peer?.name ?? DEFAULT_PEER, context };
    return verdict instanceof Promise
      ? this.#inTime(verdict.then((later) => this.#afterDigest(sender, later)))
      : this.#afterDigest(sender, verdict);
  }

  #afterDigest(sender: Sender, verdict: DigestVerdict): TrustVerdict | Promise<TrustVerdict> {
    const { received, context } = sender;
    switch (verdict.kind) {
      case "valid":
        return this.#isOwn(sender, verdict.person);
      case "wrong":
        this.#reportFailure(received.source, verdict.username);
        return refused(401, "Unauthorized", this.#digest.challenge(false, context));
      case "challenge":
        this.#counters.add("sip.auth.challenges");
        return refused(401, "Unauthorized", this.#digest.challenge(verdict.stale, context));
      case "later":
        this.#counters.add(verdict.why === "guesses" ? "sip.auth.slowed" : "sip.auth.directory-away");
        return retryLater(verdict.retryAfter);
    }
  }

  /** A user speaks for himself, under whatever of his names. */
  #isOwn(sender: Sender, person: Person): TrustVerdict | Promise<TrustVerdict> {
    if (!person.isAllowed) {
      this.#counters.add("sip.auth.not-allowed");
      return refused(403, "This User May Not Use The Service");
    }
    const { uri } = sender.received.from;
    if (uri === person.sipUri || isSameAddressOfRecord(person.sipUri, sender.from))
      return speaks(uri, sender.peer, person);
    const named = isSip(sender.from) ? this.#directory.bySip?.(uri) : undefined;
    if (named instanceof Promise) return named.then((found) => this.#isAlias(sender, person, found));
    return this.#isAlias(sender, person, named);
  }

  #isAlias({ peer }: Sender, person: Person, named: DirectoryAnswer<Person> | undefined): TrustVerdict {
    // Out goes the one canonical address, whatever alias came in.
    if (named?.kind === "found" && named.value.sipUri === person.sipUri)
      return speaks(person.sipUri, peer, person);
    if (named?.kind === "unavailable") return retryLater(named.retryAfter);
    this.#counters.add("sip.auth.other-user");
    return refused(403, "Credentials Are For Another User");
  }

  /** Never waits longer than the sender does, whatever the directory promises. */
  #inTime(verdict: Promise<TrustVerdict>): Promise<TrustVerdict> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(DIRECTORY_DEADLINE_MS, () => {
        this.#counters.add("sip.auth.directory-late");
        resolve(retryLater(RETRY_SECONDS));
      });
      verdict
        .catch((error: unknown) => {
          this.#log.error({ error }, "directory failed");
          return retryLater(RETRY_SECONDS);
        })
        .then((judged) => {
          cancel();
          resolve(judged);
        });
    });
  }

  #reportFailure(source: Source, username: string): void {
    this.#counters.add("sip.auth.failures");
    this.#log.warn(
      { source: source.address, username: username.slice(0, LOGGED_NAME_MAXIMUM) },
      "digest failed",
    );
  }

  #believedPeers(source: Source): readonly TrustedPeer[] {
    const byAddress = this.#peersOf(source.address);
    if (source.tlsIdentities.length === 0) return byAddress;
    const byIdentity = this.#peers.filter((peer) => peer.hasIdentity(source.tlsIdentities));
    return byAddress.length === 0 ? byIdentity : [...new Set([...byAddress, ...byIdentity])];
  }

  #peersOf(address: string): readonly TrustedPeer[] {
    const known = this.#peersByAddress.get(address);
    if (known !== undefined) return known;
    const peers = this.#peers.filter((peer) => peer.hasAddress(address));
    if (this.#peersByAddress.size >= MAXIMUM_ADDRESSES) this.#peersByAddress.clear();
    this.#peersByAddress.set(address, peers);
    return peers;
  }
}

/** A request that is judged by its credentials. */
interface Sender {
  readonly received: ReceivedRequest;
  readonly from: SipUri;
  readonly peer: string;
  readonly context: DigestContext;
}

class TrustedPeer {
  readonly domains: ReadonlySet<string>;
  /** May it speak for any domain? */
  readonly isForAll: boolean;
  readonly #addresses = new BlockList();
  readonly #identities: ReadonlySet<string>;

  /** @throws when a CIDR range cannot be read: the configuration should have said so */
  constructor(readonly peer: SipPeer) {
    this.domains = new Set(peer.domains.map((domain) => domain.toLowerCase()));
    this.isForAll = this.domains.has("*");
    this.#identities = new Set(peer.trustedIdentities.map((identity) => identity.toLowerCase()));
    for (const range of peer.trustedAddresses) this.#addRange(range);
  }

  hasAddress(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && this.#addresses.check(address, family === 4 ? "ipv4" : "ipv6");
  }

  hasIdentity(identities: readonly string[]): boolean {
    return identities.some((identity) => this.#identities.has(identity.toLowerCase()));
  }

  #addRange(range: string): void {
    const [address = "", prefix] = range.split("/");
    const family = isIP(address);
    if (family === 0) throw new Error(`${this.peer.name}: ${range} is no address range`);
    const type = family === 4 ? "ipv4" : "ipv6";
    if (prefix === undefined) this.#addresses.addAddress(address, type);
    else this.#addresses.addSubnet(address, Number(prefix), type);
  }
}

/**
 * P-Asserted-Identity as RFC 3325 §9.1 has it: at most one sip or sips URI (and one tel, which From serves better).
 * With `Privacy: id` the user has asked that it stay inside the trust domain (§9.3), and XMPP is outside of it.
 */
function assertedIdentity({ request }: ReceivedRequest): string | undefined {
  const values = request.headers.getAll("P-Asserted-Identity");
  if (values.length === 0) return undefined;
  const privacy = request.headers.get("Privacy");
  if (privacy?.split(";").some((value) => value.trim().toLowerCase() === "id")) return undefined;
  for (const value of values) {
    for (const element of splitValues(value)) {
      const uri = parseNameAddr(element)?.uri;
      if (uri !== undefined && SIP_OR_SIPS.test(uri)) return uri;
    }
  }
  return undefined;
}

/** Only SIP addresses: an `xmpp:` user part is escaped otherwise, so that equal text can name somebody else (XEP-0106). */
function isSameAddressOfRecord(configured: string, from: SipUri): boolean {
  if (!isSip(from)) return false;
  const own = parseSipUri(configured);
  return own.ok && own.value.host === from.host && decodedUser(own.value) === decodedUser(from);
}

/** The user part compares with case (RFC 3261 §19.1.4), and `%HH` equals the character it stands for. */
function decodedUser({ user }: SipUri): string {
  try {
    return decodeURIComponent(user ?? "");
  } catch {
    return user ?? "";
  }
}

function isSip({ scheme }: SipUri): boolean {
  return scheme === "sip" || scheme === "sips";
}

function speaks(fromUri: string, peer: string, person: Person): TrustVerdict {
  return person.jid === ""
    ? { kind: "speaks", fromUri, peer, isNeighbour: false }
    : { kind: "speaks", fromUri, peer, isNeighbour: false, signer: person };
}

/** [ours] 503 keeps a phone from asking at once again, whatever it would prove. */
function retryLater(seconds: number): TrustVerdict {
  return refused(503, "Try Again Later", [["Retry-After", String(Math.max(1, Math.ceil(seconds)))]]);
}

function refused(status: number, reason: string, headers: readonly HeaderField[] = []): TrustVerdict {
  return { kind: "refused", status, reason, headers };
}

/** Well under Timer F of whoever waits (RFC 3261 §17.1.2.2). */
const DIRECTORY_DEADLINE_MS = 10_000;
/** Seconds. */
const RETRY_SECONDS = 30;
const SIP_OR_SIPS = /^sips?:/i;
const DEFAULT_PEER = "default";
const LOGGED_NAME_MAXIMUM = 64;
/** Source addresses whose peers are remembered; a flood of others only costs looking them up again. */
const MAXIMUM_ADDRESSES = 10_000;
/** Senders whose URI need not be read again. */
const REMEMBERED_URIS = 4_096;
