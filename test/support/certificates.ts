/** Certificates for TLS tests, made with the openssl command in a folder that the test removes. */

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface CertificateRequest {
  /** DNS names for subjectAltName. */
  readonly dns?: readonly string[];
  /** URIs for subjectAltName, such as `sip:example.com`. */
  readonly uris?: readonly string[];
  /** IP addresses for subjectAltName. */
  readonly ips?: readonly string[];
  /** Common name; the key of the request where absent. */
  readonly commonName?: string;
  /** Ran out years ago? */
  readonly expired?: boolean;
  /** Signed by itself and not by the test's authority? */
  readonly selfSigned?: boolean;
}

export interface Certificate {
  /** PEM texts, and the files that hold them. */
  readonly certificate: string;
  readonly key: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

export interface Certificates<Name extends string> {
  /** PEM text of the authority, and the file that holds it. */
  readonly ca: string;
  readonly caFile: string;
  readonly of: Readonly<Record<Name, Certificate>>;
}

/**
 * Makes an authority and one certificate a name, all with P-256 keys.
 * @param dir an empty or new folder; every file of openssl stays in it
 */
export function makeCertificates<Name extends string>(
  dir: string,
  requests: Readonly<Record<Name, CertificateRequest>>,
): Certificates<Name> {
  mkdirSync(dir, { recursive: true });
  const config = join(dir, "openssl.cnf");
  writeFileSync(config, authorityConfig(dir));
  writeFileSync(join(dir, "index.txt"), "");
  writeFileSync(join(dir, "index.txt.attr"), "unique_subject = no\n");
  const caFile = join(dir, "ca.pem");
  openssl(
    dir,
    ["req", "-x509", "-config", config, "-extensions", "authority", "-days", "3650"],
    "ca",
    "Test CA",
  );
  const made = {} as Record<Name, Certificate>;
  for (const name of Object.keys(requests) as Name[]) made[name] = makeOne(dir, config, name, requests[name]);
  return { ca: readFileSync(caFile, "utf8"), caFile, of: made };
}

function makeOne(dir: string, config: string, name: string, request: CertificateRequest): Certificate {
  const certificateFile = join(dir, `${name}.pem`);
  const keyFile = join(dir, `${name}.key`);
  const extensions = join(dir, `${name}.ext`);
  const names = alternativeNames(request);
  const commonName = request.commonName ?? name;
  if (request.selfSigned === true) {
    const add = names === "" ? [] : ["-addext", `subjectAltName=${names}`];
    openssl(dir, ["req", "-x509", "-config", config, "-days", "3650", ...add], name, commonName);
  } else {
    writeFileSync(
      extensions,
      `basicConstraints=CA:FALSE\n${names === "" ? "" : `subjectAltName=${names}\n`}`,
    );
    openssl(dir, ["req", "-new", "-config", config], name, commonName, "csr");
    const period =
      request.expired === true
        ? ["20200101000000Z", "20200201000000Z"]
        : ["20200101000000Z", "20991231000000Z"];
    run(dir, [
      ...["ca", "-batch", "-notext", "-config", config, "-extfile", extensions],
      ...["-startdate", period[0] ?? "", "-enddate", period[1] ?? ""],
      ...["-in", join(dir, `${name}.csr`), "-out", certificateFile],
    ]);
  }
  const read = (file: string) => readFileSync(file, "utf8");
  return { certificate: read(certificateFile), key: read(keyFile), certificateFile, keyFile };
}

function alternativeNames(request: CertificateRequest): string {
  return [
    ...(request.uris ?? []).map((uri) => `URI:${uri}`),
    ...(request.dns ?? []).map((name) => `DNS:${name}`),
    ...(request.ips ?? []).map((address) => `IP:${address}`),
  ].join(",");
}

/** Runs `openssl req` with a new key for `/CN=commonName`; writes NAME.key and NAME.pem or NAME.csr. */
function openssl(dir: string, args: string[], name: string, commonName: string, suffix = "pem"): void {
  run(dir, [
    ...args,
    ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", `/CN=${commonName}`],
    ...["-keyout", join(dir, `${name}.key`), "-out", join(dir, `${name}.${suffix}`)],
  ]);
}

function run(dir: string, args: readonly string[]): void {
  execFileSync("openssl", args, { cwd: dir, stdio: ["ignore", "ignore", "pipe"] });
}

function authorityConfig(dir: string): string {
  return `[req]
distinguished_name = subject
prompt = no
[subject]
CN = replaced by -subj
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
[ca]
default_ca = test
[test]
database = ${join(dir, "index.txt")}
new_certs_dir = ${dir}
certificate = ${join(dir, "ca.pem")}
private_key = ${join(dir, "ca.key")}
rand_serial = yes
default_md = sha256
policy = anything
[anything]
commonName = supplied
`;
}
