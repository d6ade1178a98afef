/** What the holder of a grant's URLs may try with nothing but them: each must be good for one thing, for its time. */
import { encodeKey, type ToSend } from "../dev-store/conformance/client.ts";
import { isListing } from "./anonymous.ts";
import type { Bench } from "./bench.ts";
import { grantedHeaders, grantedPut, isGood, probeKeys } from "./bench.ts";
import type { Check, Outcome } from "./check.ts";
import { error, note, ok } from "./check.ts";
import { statusText } from "./refusals.ts";

interface Misuse {
  readonly what: string;
  readonly url: string;
  readonly toSend: ToSend;
}

const hourMs = 3_600_000;

async function urlsOf({ clients }: Bench): Promise<{ get: string; put: string }> {
  return {
    get: await clients.read.presign({ key: probeKeys.victim }),
    put: await clients.write.presign(grantedPut(probeKeys.attacker)),
  };
}

/** One finding for a list of misuses: those the store let pass. */
async function refusesAll(
  { clients, send, textOf }: Bench,
  misuses: readonly Misuse[],
  good: string,
): Promise<Outcome> {
  const passed: string[] = [];
  for (const { what, url, toSend } of misuses)
    if (isGood(await send(url, toSend))) passed.push(what);
  if (passed.length === 0) return ok(good);
  // What was overwritten or deleted is needed again by the checks to come.
  await clients.write.call(grantedPut(probeKeys.victim), textOf("victim"));
  return error(
    `the store lets ${passed.join(", ")}`,
    "Do not use this store: it does not check what a signature covers.",
  );
}

async function otherKey(bench: Bench): Promise<Outcome> {
  const { get, put } = await urlsOf(bench);
  const body = bench.textOf("other key");
  const { victim, attacker } = probeKeys;
  return refusesAll(
    bench,
    [
      { what: "a signed GET read another key", url: moved(get, victim, attacker), toSend: {} },
      {
        what: "a signed PUT write another key",
        url: moved(put, attacker, victim),
        toSend: { method: "PUT", headers: grantedHeaders, body },
      },
    ],
    "a signed URL is good for its key alone",
  );
}

async function otherMethod(bench: Bench): Promise<Outcome> {
  const { get, put } = await urlsOf(bench);
  const body = bench.textOf("other method");
  return refusesAll(
    bench,
    [
      { what: "a signed GET write", url: get, toSend: { method: "PUT", body } },
      { what: "a signed GET delete", url: get, toSend: { method: "DELETE" } },
      { what: "a signed PUT read", url: put, toSend: { headers: grantedHeaders } },
      {
        what: "a signed PUT delete",
        url: put,
        toSend: { method: "DELETE", headers: grantedHeaders },
      },
    ],
    "a signed URL is good for its method alone",
  );
}

async function otherContentType(bench: Bench): Promise<Outcome> {
  const { put } = await urlsOf(bench);
  const headers = { "content-type": "text/html" };
  const body = bench.textOf("other content type");
  return refusesAll(
    bench,
    [
      {
        what: "a signed PUT write with another content type",
        url: put,
        toSend: { method: "PUT", headers, body },
      },
    ],
    "a signed PUT is good for its content type alone",
  );
}

async function otherLifetime(bench: Bench): Promise<Outcome> {
  const expired = { key: probeKeys.victim, expires: 60, at: new Date(Date.now() - hourMs) };
  const url = await bench.clients.read.presign(expired);
  return refusesAll(
    bench,
    [
      { what: "an expired URL live on", url, toSend: {} },
      {
        what: "a URL's life be made longer by its holder",
        url: url.replace("Expires=60&", "Expires=7200&"),
        toSend: {},
      },
    ],
    "a signed URL is good for its time alone",
  );
}

async function noListing(bench: Bench): Promise<Outcome> {
  const { get } = await urlsOf(bench);
  const list = "&list-type=2&prefix=";
  const bucket = moved(get, `/${probeKeys.victim}`, "");
  const tries = [bucket, `${bucket}${list}`, `${get}${list}`];
  for (const url of tries)
    if (isListing(await bench.send(url)))
      return error(
        "a signed GET of an object can be turned into a list of the bucket",
        "Do not use this store: it does not check what a signature covers.",
      );
  return ok("a signed URL cannot be turned into a list of the bucket");
}

/** The same URL with another path, as its holder would write it. */
function moved(url: string, from: string, to: string): string {
  return url.replace(encodeKey(from), encodeKey(to));
}

async function longLife(bench: Bench): Promise<Outcome> {
  const { clients, grantSeconds, profile } = bench;
  const answers = [
    await clients.read.call({ key: probeKeys.victim, expires: grantSeconds }),
    await clients.write.call(
      { ...grantedPut(probeKeys.attacker), expires: grantSeconds },
      bench.textOf("long life"),
    ),
  ];
  for (const answer of answers)
    if (!isGood(answer))
      return error(
        `the store refuses a URL that is signed for ${grantSeconds} s (${statusText(answer)})`,
        `Set PRESYNC_GRANT_SECONDS to what the store allows: at most ${profile.grantSecondsMax}, or less where ` +
          "its own settings say so.",
      );
  return ok(`a URL may be signed for PRESYNC_GRANT_SECONDS, ${grantSeconds} s`);
}

async function longerLife({ clients, grantSeconds, profile }: Bench): Promise<Outcome> {
  const beyond = Math.max(profile.grantSecondsMax, grantSeconds) + 1;
  const answer = await clients.read.call({ key: probeKeys.victim, expires: beyond });
  return isGood(answer)
    ? note(`the store would allow URLs to live longer than ${beyond - 1} s`)
    : ok(`the store refuses URLs that live longer than ${beyond - 1} s`);
}

export const grantChecks: readonly Check[] = [
  { id: "grant.key", needs: ["read-key.read"], run: otherKey },
  { id: "grant.method", needs: ["read-key.read"], run: otherMethod },
  { id: "grant.content-type", needs: ["write-key.write"], run: otherContentType },
  { id: "grant.lifetime", needs: ["read-key.read"], run: otherLifetime },
  { id: "grant.list", needs: ["read-key.read"], run: noListing },
  { id: "grant-seconds", needs: ["read-key.read", "write-key.write"], run: longLife },
  { id: "grant-seconds.longer", needs: ["grant-seconds"], run: longerLife },
];
