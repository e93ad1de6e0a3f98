/** A real slapd on loopback with generated people: plain LDAP, StartTLS and ldaps. */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { filesOf } from "../docs/pages";
import type { Certificate } from "./certificates";
import { accepts, freePort, holdAddress } from "./ports";
import { eventually, findProgram, Program, temporaryFolder } from "./processes";

export const SUFFIX = "dc=example,dc=org";
export const PEOPLE = `ou=people,${SUFFIX}`;
/** Who may read the digests. */
export const GATEWAY = { dn: `cn=isthmus,${SUFFIX}`, password: "gateway's own" };
/** An account that may read everything but the digests. */
export const READER = { dn: `cn=reader,${SUFFIX}`, password: "curious" };
/** Who may change everything. */
export const ADMIN = { dn: `cn=admin,${SUFFIX}`, password: "almighty" };
export const REALM = "sip.example";

export interface SlapdOptions {
  /** Generated people, `u00000` and so on. */
  readonly people?: number;
  /** Further entries as LDIF. */
  readonly ldif?: string;
  readonly tls?: Certificate;
  /** Lines of slapd.conf for the database, such as `limits` or `overlay`. */
  readonly lines?: string;
  readonly address?: string;
  readonly port?: number;
}

export interface Slapd {
  readonly address: string;
  /** `ldap://…`, and `ldaps://…` where there is a certificate. */
  readonly url: string;
  readonly tlsUrl: string;
  readonly pid: number | undefined;
  signal(signal: NodeJS.Signals): void;
  /** Stops it by SIGSTOP; resolves when the kernel says that it stands. */
  freeze(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
  log(): string;
}

/** Loads the people by slapadd and starts slapd. */
export async function startSlapd(options: SlapdOptions = {}): Promise<Slapd> {
  const folder = temporaryFolder("slapd");
  const address = options.address ?? (await holdAddress());
  const port = options.port ?? (await freePort(address));
  const tlsPort = await freePort(address);
  mkdirSync(join(folder, "db"));
  const page = readFileSync(join(__dirname, "../../docs/directory.md"), "utf8");
  writeFileSync(join(folder, "isthmus.schema"), filesOf(page).get("isthmus.schema") ?? "");
  const config = join(folder, "slapd.conf");
  writeFileSync(config, configuration(folder, options));
  const ldif = join(folder, "people.ldif");
  writeFileSync(ldif, `${BASE}${people(options.people ?? 3)}${options.ldif ?? ""}`);
  execFileSync(findProgram("slapadd", "slapd"), ["-q", "-f", config, "-l", ldif], { stdio: "pipe" });
  const url = `ldap://${address}:${port}`;
  const tlsUrl = `ldaps://${address}:${tlsPort}`;
  const program = new Program({
    name: "slapd",
    program: "slapd",
    packageName: "slapd",
    args: ["-d", "0", "-f", config, "-h", options.tls === undefined ? url : `${url} ${tlsUrl}`],
    cwd: folder,
  });
  const start = async () => {
    program.start();
    await program.until("LDAP port", () => accepts(address, port));
  };
  await start();
  return {
    address,
    url,
    tlsUrl,
    get pid() {
      return program.pid;
    },
    signal: (signal) => program.kill(signal),
    freeze: () => {
      program.kill("SIGSTOP");
      return eventually("standstill", () =>
        /^State:\s+T/m.test(readFileSync(`/proc/${program.pid}/status`, "utf8")),
      );
    },
    start,
    stop: () => program.stop(),
    log: () => program.log(),
  };
}

/** The name of a generated person: `u00007`. */
export function uidOf(index: number): string {
  return `u${String(index).padStart(5, "0")}`;
}

/** What he types. Without a blank: baresip's configuration takes none. */
export function passwordOf(index: number): string {
  return `password-${index}`;
}

/** What his entry holds. */
export function md5Of(index: number): string {
  return digest("md5", uidOf(index), passwordOf(index));
}

export function digest(
  algorithm: "md5" | "sha256" | "sha512-256",
  username: string,
  password: string,
): string {
  return createHash(algorithm).update(`${username}:${REALM}:${password}`).digest("hex");
}

function people(count: number): string {
  let ldif = "";
  for (let index = 0; index < count; index++) {
    const uid = uidOf(index);
    ldif += `dn: uid=${uid},${PEOPLE}
objectClass: inetOrgPerson
objectClass: isthmusPerson
uid: ${uid}
cn: Person ${index}
sn: ${index}
givenName: Person
displayName: Person Number ${index}
mail: ${uid}@mail.example
o: University
ou: Unit ${index % 10}
telephoneNumber: +39 045 ${index}
sipAddress: sip:${uid}@sip.example
sipAlias: person.${index}@sip.example
sipAlias: tel:+39045${uid.slice(1)}
jid: ${uid}@xmpp.example
sipAllowed: ${index % 100 === 99 ? "FALSE" : "TRUE"}
sipDigestMd5: ${REALM}:${md5Of(index)}
sipDigestSha256: ${REALM}:${digest("sha256", uid, passwordOf(index))}

`;
  }
  return ldif;
}

function configuration(folder: string, { tls, lines }: SlapdOptions): string {
  return `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include ${join(folder, "isthmus.schema")}
pidfile ${join(folder, "slapd.pid")}
modulepath /usr/lib/ldap
moduleload back_mdb
${tls === undefined ? "" : `TLSCertificateFile ${tls.certificateFile}\nTLSCertificateKeyFile ${tls.keyFile}`}
database mdb
maxsize 268435456
suffix "${SUFFIX}"
rootdn "${ADMIN.dn}"
rootpw "${ADMIN.password}"
directory ${join(folder, "db")}
index objectClass,uid,sipAddress,sipAlias,jid eq
index displayName,cn,mail sub
${lines ?? ""}
access to attrs=sipDigestMd5,sipDigestSha256,sipDigestSha512
  by dn.exact="${GATEWAY.dn}" read
  by * none
access to attrs=userPassword by anonymous auth by * none
access to * by users read by * none
`;
}

const BASE = `dn: ${SUFFIX}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ${PEOPLE}
objectClass: organizationalUnit
ou: people

${[GATEWAY, READER]
  .map(
    ({ dn, password }) => `dn: ${dn}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: ${/^cn=([^,]+)/.exec(dn)?.[1]}
userPassword: ${password}

`,
  )
  .join("")}`;
