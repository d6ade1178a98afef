/** The CORS rules a bucket should have: as text to paste, and set with the admin key where it may. */
import { putConfiguration } from "../dev-store/conformance/client.ts";
import type { CorsRule } from "../dev-store/cors.ts";
import { corsXml, parseCorsXml } from "../dev-store/cors-xml.ts";
import type { Bench, DoctorSettings } from "./bench.ts";
import { isGood } from "./bench.ts";
import type { Outcome } from "./check.ts";
import { error, ok } from "./check.ts";
import { statusText } from "./refusals.ts";

/** A day, the most that any browser remembers. */
const maxAgeSeconds = 86_400;

function wantedRule(origins: readonly string[]) {
  return {
    allowedOrigins: origins,
    allowedMethods: ["GET", "PUT"],
    allowedHeaders: ["content-type"],
    exposeHeaders: ["ETag", "Date"],
    maxAgeSeconds,
  } as const satisfies CorsRule;
}

/** The rules as the store's own tools take them. */
export function corsDocument({
  origins,
  profile,
}: Pick<DoctorSettings, "origins" | "profile">): unknown {
  const rule = wantedRule(origins);
  if (profile.cors === "gcs")
    return [
      {
        origin: rule.allowedOrigins,
        method: rule.allowedMethods,
        responseHeader: [...rule.allowedHeaders, ...rule.exposeHeaders],
        maxAgeSeconds,
      },
    ];
  return {
    CORSRules: [
      {
        AllowedOrigins: rule.allowedOrigins,
        AllowedMethods: rule.allowedMethods,
        AllowedHeaders: rule.allowedHeaders,
        ExposeHeaders: rule.exposeHeaders,
        MaxAgeSeconds: maxAgeSeconds,
      },
    ],
  };
}

/** Where they go. */
export function corsAdvice({ profile, store }: Pick<DoctorSettings, "profile" | "store">): string {
  return profile.cors === "gcs"
    ? `Save them as cors.json: gcloud storage buckets update gs://${store.bucket} --cors-file=cors.json`
    : `Save them as cors.json: aws s3api put-bucket-cors --endpoint-url ${store.endpoint} --bucket ${store.bucket} ` +
        "--cors-configuration file://cors.json (a web console may want the list inside alone).";
}

/**
 * Puts the rule in front of those there are, for the first that fits is the one that counts, and takes the app's
 * origins out of the others. Rules that cannot be read are not overwritten: they may be another app's.
 */
export async function setCorsRules({ clients, origins }: Bench): Promise<Outcome> {
  const mend = "Set the CORS rules below by hand, with a key that may.";
  const now = await clients.admin.callWithHeader({ query: { cors: "" } });
  if (!isGood(now) && now.status !== 404)
    return error(`the admin key may not read the CORS rules (${statusText(now)})`, mend, "cors");
  const existing = isGood(now) ? readable(now.text) : [];
  if (existing === undefined)
    return error("there are CORS rules that this version does not understand", mend, "cors");
  const others = existing.flatMap((rule) => {
    const allowedOrigins = rule.allowedOrigins.filter((origin) => !origins.includes(origin));
    return allowedOrigins.length === 0 ? [] : [{ ...rule, allowedOrigins }];
  });
  const rules = [wantedRule(origins), ...others];
  const answer = await putConfiguration(clients.admin, "cors", corsXml(rules));
  if (!isGood(answer))
    return error(`the admin key may not set the CORS rules (${statusText(answer)})`, mend, "cors");
  return ok(
    others.length === 0
      ? "the CORS rules are set"
      : `the CORS rules are set, in front of ${others.length} that were there`,
  );
}

function readable(xml: string): readonly CorsRule[] | undefined {
  if (!/<CORSConfiguration[\s/>]/.test(xml)) return undefined;
  // A bucket without rules may say so with an empty document.
  if (!xml.includes("<CORSRule>")) return [];
  try {
    return parseCorsXml(xml);
  } catch {
    return undefined;
  }
}
