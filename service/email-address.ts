/** Addresses as this service takes them: ASCII before the `@`, a name in the DNS behind it, and one spelling for each. */
import { PresyncError } from "../shared/errors.ts";
import type { Namespace } from "../shared/keys.ts";
import { parseNamespace } from "../shared/keys.ts";
import { textHash } from "./text-hash.ts";

/** RFC 5321 section 4.5.3.1. */
const localLettersMax = 64;
const addressLettersMax = 254;

/** The dot-atom of RFC 5322 section 3.2.3: nothing that needs quoting, and nothing that means something in a header. */
const localPattern = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const domainPattern =
  /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?=[0-9-]*[a-z])[a-z0-9-]{2,63}$/;

/**
 * The one spelling of an address: small letters (hosts that tell `Ada` from `ada` are not known to exist), the domain
 * as it is in the DNS. Throws `invalid-argument` for what is none.
 */
export function readAddress(text: string): string {
  const trimmed = text.trim();
  const at = trimmed.lastIndexOf("@");
  const local = trimmed.slice(0, at).toLowerCase();
  const domain = trimmed.length <= addressLettersMax ? dnsName(trimmed.slice(at + 1)) : "";
  const address = `${local}@${domain}`;
  const isAddress =
    at > 0 &&
    local.length <= localLettersMax &&
    address.length <= addressLettersMax &&
    localPattern.test(local) &&
    domainPattern.test(domain);
  if (isAddress) return address;
  throw new PresyncError("invalid-argument", "this is no email address");
}

/** As the URL standard writes it: `bücher.example` is `xn--bcher-kva.example`. */
function dnsName(domain: string): string {
  if (/[\s/\\?#:@%[\]]/.test(domain) || !URL.canParse(`https://${domain}/`)) return "";
  return new URL(`https://${domain}/`).hostname;
}

/** Whoever knows an address can tell whether a namespace is its; nobody can read the address from it. */
export async function emailNamespace(address: string): Promise<Namespace> {
  return parseNamespace(`email:${await textHash(`presync email ${address}`)}`);
}
