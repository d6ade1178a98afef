/** What the bucket does by itself: rules that delete, and old versions that are kept. */
import type { HttpAnswer } from "../dev-store/conformance/client.ts";
import { codeOf } from "../dev-store/conformance/client.ts";
import { unescapeXml } from "../dev-store/xml.ts";
import type { Bench } from "./bench.ts";
import type { Check, Outcome } from "./check.ts";
import { error, note, ok, skipped, warning } from "./check.ts";
import { statusText } from "./refusals.ts";

function ask({ clients }: Bench, subresource: string): Promise<HttpAnswer> {
  return clients.admin.callWithHeader({ query: { [subresource]: "" } });
}

async function lifecycle(bench: Bench): Promise<readonly Outcome[]> {
  const answer = await ask(bench, "lifecycle");
  if (answer.status === 404 && codeOf(answer).includes("Lifecycle"))
    return [ok("no lifecycle rule deletes anything")];
  if (answer.status !== 200 || !/<LifecycleConfiguration[\s/>]/.test(answer.text))
    return [
      skipped(
        `the store does not show its lifecycle rules to the admin key (${statusText(answer)}): look in its console ` +
          "that none deletes objects",
      ),
    ];
  const rules = [...answer.text.matchAll(/<Rule>(.*?)<\/Rule>/gs)].map(([, rule = ""]) => rule);
  const outcomes = rules.filter(touchesObjects).flatMap(ruleFault);
  return outcomes.length > 0 ? outcomes : [ok("no lifecycle rule deletes anything")];
}

function ruleFault(rule: string): readonly Outcome[] {
  const name = valueOf(rule, "ID");
  const which =
    name === undefined || !/^[\w .-]{1,255}$/.test(name) ? "a rule" : `the rule "${name}"`;
  if (/<Expiration>.*?<(?:Days|Date)>/s.test(rule))
    return [
      error(
        `the lifecycle has ${which} that deletes objects`,
        "Remove it: objects are overwritten in place, and an old one may be the only copy.",
      ),
    ];
  return /<Transition>/.test(rule)
    ? [
        warning(
          `the lifecycle has ${which} that moves objects to another storage class`,
          "Remove it unless objects can be read there at once and at no price of their own.",
        ),
      ]
    : [];
}

/** Whether an enabled rule can hit a key of presync, whose keys have no tags. */
function touchesObjects(rule: string): boolean {
  if (valueOf(rule, "Status") !== "Enabled" || /<Tag>/.test(rule)) return false;
  const prefix = valueOf(rule, "Prefix") ?? "";
  return (
    "@service/".startsWith(prefix) ||
    prefix.startsWith("@service/") ||
    /^[a-z]{0,16}$|^[a-z]{2,16}:/.test(prefix)
  );
}

function valueOf(xml: string, name: string): string | undefined {
  const value = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]?.trim();
  return value === undefined ? undefined : unescapeXml(value);
}

async function versioning(bench: Bench): Promise<Outcome> {
  const answer = await ask(bench, "versioning");
  if (answer.status !== 200 || !/<VersioningConfiguration[\s/>]/.test(answer.text))
    return skipped(
      `the store does not tell the admin key whether it keeps old versions (${statusText(answer)}): look in its console`,
    );
  return valueOf(answer.text, "Status") === "Enabled"
    ? note(
        "the bucket keeps old versions: each overwrite leaves one, and it is paid for. Where that is not wanted, " +
          "suspend versioning, or let a lifecycle rule expire noncurrent versions",
      )
    : ok("the bucket keeps no old versions");
}

export const housekeepingChecks: readonly Check[] = [
  { id: "lifecycle", needs: ["admin-key"], run: lifecycle },
  { id: "versioning", needs: ["admin-key"], run: versioning },
];
