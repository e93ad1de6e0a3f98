/** A secret stands inline, in a file or in the environment: exactly one of the three. */

import { complain, type Loading, type Path, readNamed } from "./files";
import { describeFound } from "./problem";
import { readSecret, SECRET } from "./values";

export interface SecretSources {
  readonly inline: string | undefined;
  readonly file: string | undefined;
  readonly variable: string | undefined;
}

/**
 * Gets a secret from wherever it stands.
 * @param parent path of the section that holds the keys
 * @param name name of the inline key, such as "secret"; the others are `secretFile` and `secretEnv`
 */
export function resolveSecret(
  loading: Loading,
  parent: Path,
  name: string,
  from: SecretSources,
): string | undefined {
  const given = [from.inline, from.file, from.variable].filter((one) => one !== undefined).length;
  if (given !== 1) {
    const found = given === 0 ? "none of them" : `${given} of them`;
    return complain(loading, parent, `exactly one of ${name}, ${name}File and ${name}Env`, found);
  }
  if (from.file !== undefined) return fromFile(loading, [...parent, `${name}File`], from.file);
  if (from.variable !== undefined) return fromEnvironment(loading, [...parent, `${name}Env`], from.variable);
  return from.inline;
}

/** The last line break of a file is the editor's, not the secret's. */
function fromFile(loading: Loading, path: Path, file: string): string | undefined {
  const text = readNamed(loading, path, file)?.replace(/\r?\n$/, "");
  if (text === undefined || readSecret(text) !== undefined) return text;
  return complain(
    loading,
    path,
    `a file that holds ${SECRET.expects}`,
    `${describeFound(file)}, whose content does not fit`,
  );
}

function fromEnvironment(loading: Loading, path: Path, variable: string): string | undefined {
  const text = loading.env[variable];
  if (text !== undefined && readSecret(text) !== undefined) return text;
  const found = `${describeFound(variable)}, which ${text === undefined ? "is not set" : "is set to what does not fit"}`;
  return complain(loading, path, `an environment variable that holds ${SECRET.expects}`, found);
}
