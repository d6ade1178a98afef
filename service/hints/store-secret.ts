/** Whether it is the store that calls: it shows a secret, in one of the ways in which stores show theirs. */

const encoder = new TextEncoder();

/** Longer ones are not looked at. */
const headerLettersMax = 1024;

/**
 * `Bearer <secret>` (Tigris, MinIO), `Basic <user:secret>` (Tigris) or the bare secret. Takes equally long however much of
 * it is right: what is compared are hashes.
 */
export async function showsSecret(
  authorization: string | undefined,
  secret: string | null,
): Promise<boolean> {
  if (authorization === undefined || secret === null) return false;
  if (authorization.length > headerLettersMax) return false;
  return sameHash(shown(authorization), secret);
}

function shown(authorization: string): string {
  const [, scheme = "", credentials = ""] = /^(Bearer|Basic) +(\S+)$/i.exec(authorization) ?? [];
  if (scheme === "") return authorization;
  if (scheme.toLowerCase() === "bearer") return credentials;
  try {
    const pair = atob(credentials);
    return pair.slice(pair.indexOf(":") + 1);
  } catch {
    return "";
  }
}

async function sameHash(a: string, b: string): Promise<boolean> {
  const [hashOfA, hashOfB] = await Promise.all(
    [a, b].map(
      async (text) => new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text))),
    ),
  );
  let difference = 0;
  for (const [index, byte] of hashOfA!.entries()) difference |= byte ^ hashOfB![index]!;
  return difference === 0;
}
