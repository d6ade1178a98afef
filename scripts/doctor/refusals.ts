/** What a refusal of the store means, in words for the one who set the bucket up. */
import type { HttpAnswer } from "../dev-store/conformance/client.ts";
import { codeOf } from "../dev-store/conformance/client.ts";
import type { Bench } from "./bench.ts";
import type { KeyRole, Outcome } from "./check.ts";
import { error } from "./check.ts";

/** `403 AccessDenied`. The code alone: a store's message may quote from the request. */
export function statusText(answer: HttpAnswer): string {
  const code = /^[A-Za-z]{1,64}$/.exec(codeOf(answer))?.[0];
  return code === undefined ? String(answer.status) : `${answer.status} ${code}`;
}

export function keyVariable(role: KeyRole): string {
  return `PRESYNC_${role.toUpperCase()}_KEY_ID`;
}

/** Undefined unless the answer says that the key itself, or the way it was used, is not accepted. */
export function keyFault(bench: Bench, role: KeyRole, answer: HttpAnswer): Outcome | undefined {
  const said = statusText(answer);
  const code = codeOf(answer);
  const refused = `the ${role} key is not accepted (${said})`;
  switch (code) {
    case "InvalidAccessKeyId":
      return error(
        refused,
        `The store does not know ${keyVariable(role)}: check it for a typing error. ${bench.profile.keys}`,
      );
    case "SignatureDoesNotMatch":
      return error(
        refused,
        `Check PRESYNC_${role.toUpperCase()}_KEY_SECRET, which is most likely wrong; then PRESYNC_REGION and ` +
          "PRESYNC_ADDRESSING.",
      );
    case "RequestTimeTooSkewed":
      return error(refused, "Set this machine's clock, or the store's, by a time server.");
    case "ExpiredToken":
    case "InvalidToken":
    case "TokenRefreshRequired":
      return error(
        refused,
        "Use a long-lived key: a URL signed with temporary credentials dies with them.",
      );
    default:
      break;
  }
  if (answer.status === 401 || (answer.status === 400 && code !== ""))
    return error(refused, `Check ${keyVariable(role)}, its secret, and PRESYNC_REGION.`);
  return undefined;
}

/** For a request that should have been allowed. */
export function rightMissing(
  bench: Bench,
  role: KeyRole,
  right: string,
  answer: HttpAnswer,
): Outcome {
  return (
    keyFault(bench, role, answer) ??
    error(
      `the ${role} key may not ${right} (${statusText(answer)})`,
      `Give the ${role} key the right to ${right}. ${bench.profile.keys}`,
      "policy",
    )
  );
}
