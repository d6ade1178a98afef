/**
 * The XML of PutBucketCors and GetBucketCors. Reads exactly the document S3 describes and refuses the rest; there
 * is no general XML parser here, and none is needed.
 */
import type { CorsRule } from "./cors.ts";
import { S3Error } from "./errors.ts";
import { escapeXml, unescapeXml } from "./xml.ts";

/** S3 limits the document to 64 KB. */
export const CORS_XML_BYTES_MAX: number = 64 * 1024;
/** S3 allows a hundred rules. */
const CORS_RULES_MAX = 100;

const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "POST", "DELETE"]);

export function parseCorsXml(xml: string): CorsRule[] {
  const root = /<CORSConfiguration(?:\s[^>]*)?>([\s\S]*)<\/CORSConfiguration>\s*$/.exec(xml);
  const rules = [...(root?.[1] ?? "").matchAll(/<CORSRule>([\s\S]*?)<\/CORSRule>/g)].map(
    ([, rule = ""]) => parseRule(rule),
  );
  if (rules.length === 0 || rules.length > CORS_RULES_MAX) {
    throw new S3Error("MalformedXML", `A CORS configuration has 1 to ${CORS_RULES_MAX} rules.`);
  }
  return rules;
}

export function corsXml(rules: readonly CorsRule[]): string {
  const body = rules.map(
    (rule) =>
      `<CORSRule>${elements("AllowedOrigin", rule.allowedOrigins)}${elements("AllowedMethod", rule.allowedMethods)}` +
      elements("AllowedHeader", rule.allowedHeaders ?? []) +
      elements("ExposeHeader", rule.exposeHeaders ?? []) +
      elements(
        "MaxAgeSeconds",
        rule.maxAgeSeconds === undefined ? [] : [String(rule.maxAgeSeconds)],
      ) +
      `</CORSRule>`,
  );
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n` +
    `<CORSConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${body.join("")}</CORSConfiguration>`
  );
}

/** Throws unless the rules are ones S3 would take; used for rules from XML and for rules from options. */
export function checkCorsRules(rules: readonly CorsRule[]): void {
  for (const rule of rules) {
    const patterns = [...rule.allowedOrigins, ...(rule.allowedHeaders ?? [])];
    const good =
      rule.allowedOrigins.length > 0 &&
      rule.allowedMethods.length > 0 &&
      rule.allowedMethods.every((method) => methods.has(method)) &&
      patterns.every((pattern) => pattern.split("*").length <= 2) &&
      (rule.maxAgeSeconds === undefined || Number.isSafeInteger(rule.maxAgeSeconds));
    if (!good) throw new S3Error("MalformedXML", "A CORS rule is not one that S3 describes.");
  }
}

function parseRule(xml: string): CorsRule {
  const maxAge = values(xml, "MaxAgeSeconds")[0];
  const rule: CorsRule = {
    allowedOrigins: values(xml, "AllowedOrigin"),
    allowedMethods: values(xml, "AllowedMethod"),
    allowedHeaders: values(xml, "AllowedHeader"),
    exposeHeaders: values(xml, "ExposeHeader"),
    ...(maxAge === undefined ? {} : { maxAgeSeconds: Number(maxAge) }),
  };
  checkCorsRules([rule]);
  return rule;
}

function values(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, "g"))].map(([, value = ""]) =>
    unescapeXml(value.trim()),
  );
}

function elements(name: string, texts: readonly string[]): string {
  return texts.map((text) => `<${name}>${escapeXml(text)}</${name}>`).join("");
}
