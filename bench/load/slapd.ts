/** A real slapd on loopback with generated people who can sign in; loaded by slapadd, in a folder that the caller removes. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";

const SUFFIX = "dc=bench,dc=org";
export const PEOPLE_DN = `ou=people,${SUFFIX}`;
/** Who may read the digests. */
export const READER = { dn: `cn=isthmus,${SUFFIX}`, password: "bench" };

export interface SlapdUnderLoad {
  readonly url: string;
  readonly pid: number;
  stop(): void;
}

export function uidOf(index: number): string {
  return `u${String(index).padStart(5, "0")}`;
}

export function passwordOf(index: number): string {
  return `password${index}`;
}

/**
 * Fills a database and starts slapd on it; undefined where it is not installed.
 * @param domain SIP domain of the people, and the realm of their digests
 */
export async function startSlapd(
  folder: string,
  port: number,
  people: number,
  domain: string,
): Promise<SlapdUnderLoad | undefined> {
  const [slapd, slapadd] = [find("slapd"), find("slapadd")];
  if (slapd === undefined || slapadd === undefined) return undefined;
  mkdirSync(join(folder, "ldap"));
  const config = join(folder, "slapd.conf");
  writeFileSync(join(folder, "isthmus.schema"), SCHEMA);
  writeFileSync(config, configuration(folder));
  const ldif = join(folder, "people.ldif");
  writeFileSync(ldif, entries(people, domain));
  execFileSync(slapadd, ["-q", "-f", config, "-l", ldif], { stdio: "ignore" });
  const url = `ldap://127.0.0.1:${port}`;
  // With -d it stays in the foreground; 0 logs nothing.
  const child = spawn(slapd, ["-d", "0", "-f", config, "-h", url], { cwd: folder, stdio: "ignore" });
  await listening(child, port);
  return { url, pid: child.pid ?? 0, stop: () => child.kill("SIGKILL") };
}

function find(name: string): string | undefined {
  return ["/usr/sbin", "/usr/local/sbin", "/usr/libexec"]
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  for (let attempt = 0; attempt < 200 && child.exitCode === null; attempt++) {
    if (await accepts(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`slapd does not listen on port ${port}`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1", () => {
      resolve(true);
      socket.destroy();
    });
    socket.once("error", () => resolve(false));
  });
}

/** As docs/directory.md has it: one reader of the digests, every attribute that is asked for with an index. */
function configuration(folder: string): string {
  return `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include ${join(folder, "isthmus.schema")}
pidfile ${join(folder, "slapd.pid")}
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
maxsize 268435456
suffix "${SUFFIX}"
directory ${join(folder, "ldap")}
index objectClass,uid,sipAddress,sipAlias,jid eq
access to attrs=sipDigestMd5 by dn.exact="${READER.dn}" read by * none
access to attrs=userPassword by anonymous auth by * none
access to * by users read by * none
`;
}

function entries(people: number, domain: string): string {
  let ldif = `dn: ${SUFFIX}
objectClass: dcObject
objectClass: organization
dc: bench
o: Bench

dn: ${PEOPLE_DN}
objectClass: organizationalUnit
ou: people

dn: ${READER.dn}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: isthmus
userPassword: ${READER.password}

`;
  for (let index = 0; index < people; index++) {
    const uid = uidOf(index);
    const ha1 = createHash("md5")
      .update(`${uid}:${domain}:${passwordOf(index)}`)
      .digest("hex");
    ldif += `dn: uid=${uid},${PEOPLE_DN}
objectClass: inetOrgPerson
objectClass: isthmusPerson
uid: ${uid}
cn: Person ${index}
sn: ${index}
givenName: Person
displayName: Person Number ${index}
mail: ${uid}@mail.bench
o: University
telephoneNumber: +39 045 ${index}
sipAddress: sip:${uid}@${domain}
sipAlias: sip:person.${index}@${domain}
sipAllowed: TRUE
sipDigestMd5: ${domain}:${ha1}

`;
  }
  return ldif;
}

/** What of docs/directory.md the bench needs. */
const SCHEMA = `objectidentifier bench 1.3.6.1.4.1.4203.666.1908
attributetype ( bench:1 NAME 'sipAddress' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( bench:2 NAME 'sipAlias' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( bench:3 NAME 'jid' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( bench:4 NAME 'sipDigestMd5' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( bench:5 NAME 'sipAllowed' EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )
objectclass ( bench:6 NAME 'isthmusPerson' AUXILIARY
  MAY ( sipAddress $ sipAlias $ jid $ sipDigestMd5 $ sipAllowed ) )
`;
