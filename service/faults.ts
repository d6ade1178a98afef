/**
 * What is wrong with a setting, in words that fit behind its name, or undefined. Both ways in, the config object
 * and the environment, ask the same questions here and put their own names in front of the answer.
 */

export type Fault = string | undefined;

/** HS256 keys shorter than the hash are refused by RFC 7518 section 3.2; 32 letters are as close as text gets. */
const sessionSecretLettersMin = 32;

/** Tests live on grants of seconds; nobody else should. */
const grantSecondsMin = 1;

/** SigV4 itself (S3, R2, GCS, Ceph RGW, Garage) allows seven days; Tigris allows more, and says so by config. */
export const grantSecondsMaxDefault = 604_800;

const sessionSecondsMin = 1;
/** The rule of Amazon S3 for bucket names; every other store allows at least these. */
const bucketPattern = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const providerPattern = /^[a-z]{2,16}$/;
/** Namespaces begin with these for other reasons, and paths below `/v1/auth/` mean something else. */
const takenNames: ReadonlySet<string> = new Set([
  "key",
  "email",
  "space",
  "refresh",
  "revoke",
  "redeem",
]);
const regionPattern = /^[A-Za-z0-9-]{1,64}$/;

export function urlFault(text: string): Fault {
  const url = webUrl(text);
  if (url === undefined) return "is not an http or https URL";
  if (url.username !== "" || url.password !== "") return "must not carry a user name or password";
  if (url.search !== "" || url.hash !== "") return "must not carry a query or fragment";
  return undefined;
}

/** A store is named by scheme, host and port; bucket and key are added to it. */
export function endpointFault(text: string): Fault {
  const fault = urlFault(text);
  if (fault !== undefined) return fault;
  return new URL(text).pathname === "/"
    ? undefined
    : "must end after host and port: the bucket has a setting of its own";
}

/** An origin is compared letter by letter with what browsers send, so only their own spelling may stand here. */
export function originFault(text: string): Fault {
  const url = webUrl(text);
  if (url === undefined) return "is not an http or https origin";
  return url.origin === text ? undefined : `is not an exact origin; ${url.origin} would be`;
}

export function bucketFault(text: string): Fault {
  return bucketPattern.test(text) && !text.includes("..") ? undefined : "is not a bucket name";
}

export function regionFault(text: string): Fault {
  return regionPattern.test(text) ? undefined : "is not a region (stores without any take `auto`)";
}

export function providersFault(names: readonly string[]): Fault {
  for (const name of names)
    if (!providerPattern.test(name) || takenNames.has(name))
      return `cannot have one named "${name}"`;
  return new Set(names).size === names.length ? undefined : "holds two of one name";
}

export function sessionSecretsFault(secrets: readonly string[]): Fault {
  if (secrets.length === 0) return "must hold at least one secret";
  if (secrets.some((secret) => secret.length < sessionSecretLettersMin))
    return `holds a secret of less than ${sessionSecretLettersMin} characters`;
  return undefined;
}

export function grantSecondsFault(seconds: number): Fault {
  return Number.isSafeInteger(seconds) && seconds >= grantSecondsMin
    ? undefined
    : `is not a whole number of seconds from ${grantSecondsMin} on`;
}

export function sessionSecondsFault(seconds: number): Fault {
  return Number.isSafeInteger(seconds) && seconds >= sessionSecondsMin
    ? undefined
    : `is not a whole number of seconds from ${sessionSecondsMin} on`;
}

export function quotaFault(count: number): Fault {
  return Number.isSafeInteger(count) && count >= 1 ? undefined : "is not a whole number from 1 on";
}

function webUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === "https:" || url.protocol === "http:" ? url : undefined;
}
