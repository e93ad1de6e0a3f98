/** PUBLISH at the event state compositor. RFC 3903 §6 (steps numbered as there). */

import type { SipEventInput } from "../input";
import type { PresenceDocument } from "../presence/document";
import { type Rejection, reject } from "../rejection";
import type { Result } from "../result";
import { firstEtag, nextEtag, type Publication } from "./publication";

export interface PublishSettings {
  /** When the phone names none, seconds. */
  readonly expiresSeconds: number;
  readonly minimumExpiresSeconds: number;
  readonly maximumExpiresSeconds: number;
  /** Of one person; one more takes the place of the one that would expire first. */
  readonly maximumPublications: number;
  /** Of one document. */
  readonly maximumOctets: number;
}

/** Reads a document; the rejection says whether its type or its content is at fault. */
export type ReadDocument = (contentType: string, body: Uint8Array) => Result<PresenceDocument>;

export interface PublishContext {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Fresh, URL-safe, at least 128 bits. */
  readonly random: string;
  readonly settings: PublishSettings;
  readonly read: ReadDocument;
}

export type PublishDecision =
  | { readonly kind: "refuse"; readonly rejection: Rejection }
  /** To be stored before it is answered. `isNews`: what the person shows may have changed. */
  | {
      readonly kind: "store";
      readonly operation: "initial" | "refresh" | "modify";
      readonly row: Publication;
      readonly replaces?: string;
      /** Tag of the publication that must make room. */
      readonly evicts?: string;
      readonly isNews: boolean;
      readonly answer: Accepted;
    }
  /** `removes` is absent when an initial publication was over at once. */
  | { readonly kind: "remove"; readonly removes?: string; readonly answer: Accepted };

/** A 200 (step 6). */
export interface Accepted {
  readonly expiresSeconds: number;
  readonly etag: string;
}

/**
 * Decides what becomes of a PUBLISH whose sender is known to be the presentity (step 1 is the caller's).
 * @param rows what the presentity has published; what has expired does not count
 */
export function publish(
  input: SipEventInput,
  presentity: string,
  rows: readonly Publication[],
  context: PublishContext,
): PublishDecision {
  if (input.event?.package !== "presence") {
    return refused(reject("EVENT_UNKNOWN", input.event?.package, ALLOW_EVENTS)); // step 2
  }
  const valid = rows.filter(({ expiresAt }) => expiresAt > context.now);
  const { ifMatch } = input;
  const current = ifMatch === undefined ? undefined : valid.find(({ etag }) => etag === ifMatch);
  if (ifMatch !== undefined && current === undefined) return refused(reject("ETAG_UNKNOWN", ifMatch)); // step 3
  const seconds = lifetime(input.expires, context.settings); // step 4
  if (seconds === undefined) return refused(tooBrief(context.settings));
  if (current === undefined) return initial(input, presentity, valid, seconds, context);
  return seconds === 0 ? removed(current, context) : updated(input, current, seconds, context);
}

/** Seconds granted: never more than was asked for (§4.2); undefined when that is too brief. */
function lifetime(asked: number | undefined, settings: PublishSettings): number | undefined {
  const seconds = Math.min(asked ?? settings.expiresSeconds, settings.maximumExpiresSeconds);
  return seconds > 0 && seconds < settings.minimumExpiresSeconds ? undefined : seconds;
}

function initial(
  input: SipEventInput,
  presentity: string,
  valid: readonly Publication[],
  seconds: number,
  context: PublishContext,
): PublishDecision {
  if (input.body.length === 0) return refused(reject("BODY_EMPTY", "initial publication")); // step 5
  const document = readBody(input, context);
  if (!document.ok) return refused(document.rejection);
  const twin = twinOf(input, valid, context.now);
  if (twin !== undefined && seconds > 0) return updated(input, twin, seconds, context);
  const etag = firstEtag(context.now, context.random, document.value);
  const answer = { expiresSeconds: seconds, etag };
  if (seconds === 0) return { kind: "remove", answer };
  const evicts = mustMakeRoom(valid, context.settings.maximumPublications);
  return {
    kind: "store",
    operation: "initial",
    row: rowOf(input, presentity, etag, seconds, context.now),
    ...(evicts === undefined ? {} : { evicts }),
    isNews: true,
    answer,
  };
}

/**
 * COMPAT(baresip 1.0): at its start it publishes the same document twice, both times as if for the first time, when the first
 * answer takes more than 10 ms; then it remembers the second tag only, and the first would be a device that nobody ends.
 */
function twinOf(input: SipEventInput, valid: readonly Publication[], now: number): Publication | undefined {
  const recent = valid.filter(({ modifiedAt }) => now - modifiedAt < TWIN_MS);
  if (recent.length === 0) return undefined;
  const body = UTF8.decode(input.body);
  return recent.find((row) => row.body === body && row.contentType === (input.contentType ?? ""));
}

/** A phone that crashes publishes anew each time. It hears of the loss by a 412 and then publishes once more (§5). */
function mustMakeRoom(valid: readonly Publication[], maximum: number): string | undefined {
  if (valid.length < maximum) return undefined;
  return valid.reduce((first, row) => (row.expiresAt < first.expiresAt ? row : first)).etag;
}

function updated(
  input: SipEventInput,
  current: Publication,
  seconds: number,
  context: PublishContext,
): PublishDecision {
  const etag = nextEtag(current.etag, context.random);
  const answer = { expiresSeconds: seconds, etag };
  if (input.body.length === 0) {
    const row = { ...current, etag, expiresAt: context.now + seconds * 1000 };
    return { kind: "store", operation: "refresh", row, replaces: current.etag, isNews: false, answer };
  }
  const document = readBody(input, context);
  if (!document.ok) return refused(document.rejection);
  const row = rowOf(input, current.presentity, etag, seconds, context.now);
  const isNews = row.body !== current.body || row.contentType !== current.contentType;
  return { kind: "store", operation: "modify", row, replaces: current.etag, isNews, answer };
}

/** A body has no place here (§4.5), and nobody looks at it. */
function removed(current: Publication, context: PublishContext): PublishDecision {
  const answer = { expiresSeconds: 0, etag: nextEtag(current.etag, context.random) };
  return { kind: "remove", removes: current.etag, answer };
}

function readBody(input: SipEventInput, { settings, read }: PublishContext): Result<PresenceDocument> {
  const { body, contentEncoding, contentType } = input;
  if (contentEncoding !== undefined && contentEncoding.toLowerCase() !== "identity") {
    return { ok: false, rejection: reject("CONTENT_ENCODING_UNSUPPORTED", contentEncoding, ACCEPT_ENCODING) };
  }
  if (body.length > settings.maximumOctets) {
    return { ok: false, rejection: reject("TOO_LONG", `${body.length} octets`) };
  }
  const document = read(contentType ?? "", body);
  if (document.ok || document.rejection.code !== "CONTENT_TYPE_UNSUPPORTED") return document;
  return { ok: false, rejection: reject("CONTENT_TYPE_UNSUPPORTED", contentType, ACCEPT) };
}

function rowOf(
  input: SipEventInput,
  presentity: string,
  etag: string,
  seconds: number,
  now: number,
): Publication {
  return {
    etag,
    presentity,
    contentType: input.contentType ?? "",
    body: UTF8.decode(input.body),
    expiresAt: now + seconds * 1000,
    modifiedAt: now,
  };
}

function tooBrief({ minimumExpiresSeconds }: PublishSettings): Rejection {
  return reject("INTERVAL_TOO_BRIEF", undefined, [["Min-Expires", String(minimumExpiresSeconds)]]);
}

function refused(rejection: Rejection): PublishDecision {
  return { kind: "refuse", rejection };
}

/** The reader has refused whatever is not UTF-8. */
const UTF8 = new TextDecoder();
const ALLOW_EVENTS = [["Allow-Events", "presence"]] as const;
const ACCEPT = [["Accept", "application/pidf+xml"]] as const;
const ACCEPT_ENCODING = [["Accept-Encoding", "identity"]] as const;
/** Longer than a slow answer, shorter than any person's second phone takes to start in the very same state. */
const TWIN_MS = 5_000;
