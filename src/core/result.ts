/** Peer mistakes are values (architecture E11): a result is a value or a rejection, never an exception. */

import type { Rejection } from "./rejection";

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly rejection: Rejection };

/** Wraps a value that was made without trouble. */
export function ok<T>(value: T): Result<T> {
  return { ok: true, value };
}

/** Wraps the reason why there is no value. */
export function refuse(rejection: Rejection): { readonly ok: false; readonly rejection: Rejection } {
  return { ok: false, rejection };
}
