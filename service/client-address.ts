/** Who asks, as far as limits go: the address a request comes from, or what the proxies in front say of it. */
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context } from "hono";

/** What a household or an office has of IPv6; one of its machines may have any address in it. */
const ipv6NetworkGroups = 4;

/**
 * `proxies` is how many there are in front, each of which adds the address it was asked from to `X-Forwarded-For`.
 * What stands further left could be anybody's invention.
 */
export function clientAddress(c: Context, proxies: number): string {
  const forwarded = (c.req.header("x-forwarded-for") ?? "").split(",").map((part) => part.trim());
  const seen = proxies > 0 ? forwarded.at(-proxies) : connection(c);
  return networkOf(seen ?? "");
}

function connection(c: Context): string | undefined {
  try {
    return getConnInfo(c).remote.address;
  } catch {
    // Not from a socket: a test, or somebody's own server.
    return undefined;
  }
}

/** An IPv4 address itself; of an IPv6 address its /64. */
export function networkOf(given: string): string {
  const text = withoutPort(given);
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1];
  if (mapped !== undefined || !text.includes(":")) return mapped ?? text;
  const [head = "", tail] = text.split("%")[0]!.toLowerCase().split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array.from({ length: zeros }, () => "0"), ...after];
  const network = groups.slice(0, ipv6NetworkGroups).map((group) => group.replace(/^0+(?=.)/, ""));
  return `${network.join(":")}::/64`;
}

/** Some proxies write `192.0.2.7:5678`, and `[2001:db8::1]:5678`. */
function withoutPort(text: string): string {
  return /^\[([^\]]*)\]/.exec(text)?.[1] ?? /^(\d+(?:\.\d+){3}):\d+$/.exec(text)?.[1] ?? text;
}
