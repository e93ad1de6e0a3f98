/** How the route set of a dialog shapes its requests. RFC 3261 §12.2.1.1. */

import { parseSipUri } from "../../core/address/sip-uri";
import { parseNameAddr } from "../message/name-addr";

export interface RoutedRequest {
  readonly requestUri: string;
  /** Values of Route, in order. */
  readonly routes: readonly string[];
  /** The URI that says where to send: the first route, else the remote target (§8.1.2). */
  readonly nextHop: string;
}

/**
 * @param remoteTarget URI
 * @param routes the route set, each in angle brackets
 */
export function routed(remoteTarget: string, routes: readonly string[]): RoutedRequest {
  const [first, ...rest] = routes;
  const firstUri = first === undefined ? undefined : parseNameAddr(first)?.uri;
  if (firstUri === undefined) return { requestUri: remoteTarget, routes: [], nextHop: remoteTarget };
  const parsed = parseSipUri(firstUri);
  if (!parsed.ok || parsed.value.parameters.has("lr"))
    return { requestUri: remoteTarget, routes, nextHop: firstUri };
  // A strict router of RFC 2543 takes its own URI for the Request-URI, and the remote target as the last Route.
  return {
    requestUri: withoutForbidden(firstUri),
    routes: [...rest, `<${remoteTarget}>`],
    nextHop: firstUri,
  };
}

/** §19.1.1: a Request-URI has neither a `method` parameter nor headers. */
function withoutForbidden(uri: string): string {
  const question = uri.indexOf("?", uri.indexOf("@") + 1);
  return (question < 0 ? uri : uri.slice(0, question)).replace(METHOD, "");
}

const METHOD = /;method=[^;]*/gi;
