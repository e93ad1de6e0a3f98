/** The PEM files of `sip.tls`: read, and tried before any socket is opened. */

import { createPrivateKey, X509Certificate } from "node:crypto";
import type { TlsOptions } from "../sip/transport/transport";
import { complain, type Loading, readNamed } from "./files";
import type { Settings } from "./schema";

/** Reads certificate, key and authorities; undefined when none is configured or a problem was noted. */
export function loadTls(loading: Loading, sip: Settings["sip"]): TlsOptions | undefined {
  const { certificate, key, ca, clientCertificate } = sip.tls;
  if (certificate === undefined || key === undefined) return withoutCertificate(loading, sip);
  const certificateText = readNamed(loading, [...TLS, "certificate"], certificate);
  const keyText = readNamed(loading, [...TLS, "key"], key);
  const caText = ca === undefined ? undefined : readNamed(loading, [...TLS, "ca"], ca);
  if (caText !== undefined) checkCertificate(loading, "ca", caText);
  if (certificateText === undefined || keyText === undefined) return undefined;
  checkPair(loading, certificateText, keyText);
  return {
    certificate: certificateText,
    key: keyText,
    ...(caText === undefined ? {} : { ca: caText }),
    clientCertificate,
  };
}

function withoutCertificate(loading: Loading, sip: Settings["sip"]): undefined {
  const missing = sip.tls.certificate === undefined ? "certificate" : "key";
  const listener = sip.listen.findIndex((one) => one.transport === "tls");
  const other = (["certificate", "key", "ca"] as const).find((name) => sip.tls[name] !== undefined);
  if (listener < 0 && other === undefined) return undefined;
  const because = listener < 0 ? `sip.tls.${other} is given` : `sip.listen[${listener}] is a tls: listener`;
  return complain(loading, [...TLS, missing], `a PEM file, because ${because}`, "nothing");
}

function checkPair(loading: Loading, certificateText: string, keyText: string): void {
  const certificate = checkCertificate(loading, "certificate", certificateText);
  const key = readKey(keyText);
  if (key === undefined) {
    complain(loading, [...TLS, "key"], "a private key in PEM, without a passphrase", "a file that is not");
  } else if (certificate !== undefined && !certificate.checkPrivateKey(key)) {
    complain(
      loading,
      [...TLS, "key"],
      "the private key of sip.tls.certificate",
      "the key of another certificate",
    );
  }
}

function checkCertificate(
  loading: Loading,
  name: "certificate" | "ca",
  text: string,
): X509Certificate | undefined {
  try {
    return new X509Certificate(text);
  } catch {
    return complain(loading, [...TLS, name], "a certificate in PEM", "a file that is not");
  }
}

function readKey(text: string): ReturnType<typeof createPrivateKey> | undefined {
  try {
    return createPrivateKey(text);
  } catch {
    return undefined;
  }
}

const TLS = ["sip", "tls"] as const;
