import { Hono } from "hono";
import { expect, test } from "vitest";
import { clientAddress, networkOf } from "./client-address.ts";

test.each([
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:DB8:0001:2::6", "2001:db8:1:2::/64"],
  ["2001:db8::", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["192.0.2.7:5678", "192.0.2.7"],
  ["[2001:db8:1:2::6]:5678", "2001:db8:1:2::/64"],
  ["[2001:db8:1:2::6]", "2001:db8:1:2::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
])("%s is counted as %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test.each([
  [0, "203.0.113.9, 198.51.100.1", ""],
  [1, "203.0.113.9, 198.51.100.1", "198.51.100.1"],
  [2, "invented, 203.0.113.9, 198.51.100.1", "203.0.113.9"],
  [2, "198.51.100.1", ""],
])("behind %i proxies the client of %j is %j", async (proxies, forwarded, client) => {
  const app = new Hono().get("/", (c) => c.text(clientAddress(c, proxies)));
  const answer = await app.request("/", { headers: { "x-forwarded-for": forwarded } });
  expect(await answer.text()).toBe(client);
});
