/** The isComposing document: "I am writing". RFC 3994 §3.4, §3.5, §6. */

import { child, element, text } from "../../xml/element";
import { NS } from "../../xml/namespaces";
import { parseXml } from "../../xml/parser";
import { write } from "../../xml/writer";
import { reject } from "../rejection";
import { ok, type Result, refuse } from "../result";

export interface IsComposing {
  readonly state: "active" | "idle";
  /** Seconds after which silence means idle; absent: 120. */
  readonly refreshSeconds?: number;
}

export const IS_COMPOSING_TYPE = "application/im-iscomposing+xml";

/**
 * Reads the document. A state token that is not "active" counts as idle (§3.5), an unreadable refresh as none.
 * Errors: BODY_MALFORMED when it is no such document.
 */
export function parseIsComposing(body: Uint8Array): Result<IsComposing> {
  const parsed = parseXml(body);
  if (!parsed.ok) return refuse(reject("BODY_MALFORMED", `isComposing: ${parsed.problem}`));
  const { root } = parsed;
  const state = child(root, NS.composing, "state");
  if (root.name !== "isComposing" || root.ns !== NS.composing || state === undefined) {
    return refuse(reject("BODY_MALFORMED", "no isComposing with a state"));
  }
  if (text(state).trim() !== "active") return ok({ state: "idle" });
  const refresh = child(root, NS.composing, "refresh");
  const seconds = refresh === undefined ? undefined : positiveInteger(text(refresh).trim());
  return ok(seconds === undefined ? { state: "active" } : { state: "active", refreshSeconds: seconds });
}

/** Writes the document. */
export function isComposingDocument({ state, refreshSeconds }: IsComposing): Uint8Array {
  const refresh =
    refreshSeconds === undefined ? undefined : element(NS.composing, "refresh", {}, String(refreshSeconds));
  const root = element(NS.composing, "isComposing", {}, element(NS.composing, "state", {}, state), refresh);
  return UTF8.encode(`<?xml version="1.0" encoding="UTF-8"?>\r\n${write(root)}`);
}

function positiveInteger(digits: string): number | undefined {
  return /^\+?0*[1-9]\d{0,8}$/.test(digits) ? Number(digits) : undefined;
}

const UTF8 = new TextEncoder();
