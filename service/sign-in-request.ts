/** What a sign-in is begun with, checked. */
import { PresyncError } from "../shared/errors.ts";
import { returnLettersMax } from "../shared/sign-in.ts";

/** 43 letters: SHA-256 as base64url. */
const challengePattern = /^[\w-]{43}$/;

export function checkedChallenge(value: unknown): string {
  if (typeof value === "string" && challengePattern.test(value)) return value;
  throw new PresyncError("malformed", "challenge must be 43 letters of base64url");
}

/** Throws `invalid-argument` for an address that is not one of an app's. */
export function checkedReturn(text: unknown, origins: readonly string[]): string {
  const url =
    typeof text === "string" && text.length <= returnLettersMax && URL.canParse(text)
      ? new URL(text)
      : undefined;
  const isOwn = url !== undefined && origins.includes(url.origin);
  if (isOwn && url.username === "" && url.password === "") return url.href;
  throw new PresyncError("invalid-argument", "return is no address of an app of this service");
}
