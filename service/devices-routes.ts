/** `/v1/devices` and `/v1/everything`: what a user can say of the own devices and data. Each needs a session. */
import type { Context, Hono } from "hono";
import { PresyncError } from "../shared/errors.ts";
import type { DeleteEverythingAnswer, DevicesAnswer } from "../shared/devices.ts";
import type { CheckedConfig } from "./config.ts";
import type { Devices } from "./devices.ts";
import type { Everything } from "./everything.ts";
import { readJson, stringOf } from "./json-body.ts";
import type { LimitName } from "./limits.ts";
import { limit } from "./limits.ts";
import type { Member, Sessions } from "./session.ts";

export interface DevicesRoutesParts {
  readonly sessions: Sessions;
  readonly devices: Devices;
  readonly everything: Everything;
}

export function addDevicesRoutes(
  app: Hono,
  config: CheckedConfig,
  { sessions, devices, everything }: DevicesRoutesParts,
): void {
  const memberOf = async (c: Context, name: LimitName): Promise<Member> => {
    const member = await sessions.authenticate(c.req.header("authorization"));
    await limit(config.limits, name, member.namespace);
    return member;
  };

  app.get("/v1/devices", async (c) => {
    const answer: DevicesAnswer = { devices: await devices.list(await memberOf(c, "devices")) };
    return c.json(answer);
  });
  app.post("/v1/devices/rename", async (c) => {
    const member = await memberOf(c, "devices");
    const body = await readJson(c);
    const replica = stringOf(body["replica"], "replica");
    await devices.rename(member, replica, stringOf(body["name"], "name"));
    return c.body(null, 204);
  });
  app.post("/v1/devices/retire", async (c) => {
    const member = await memberOf(c, "devices");
    await devices.retire(member, stringOf((await readJson(c))["replica"], "replica"));
    return c.body(null, 204);
  });
  app.post("/v1/devices/remove", async (c) => {
    const member = await memberOf(c, "devices");
    const body = await readJson(c);
    const replica = stringOf(body["replica"], "replica");
    return c.json(
      await devices.remove(member, replica, flagOf(body["discardUnsaved"], "discardUnsaved")),
    );
  });
  app.post("/v1/everything/export", async (c) => {
    const member = await memberOf(c, "everything");
    const { after = "" } = await readJson(c);
    return c.json(await everything.export(member, stringOf(after, "after")));
  });
  app.post("/v1/everything/delete", async (c) => {
    const member = await memberOf(c, "everything");
    const body = await readJson(c);
    const asked = {
      confirm: stringOf(body["confirm"], "confirm"),
      finish: flagOf(body["finish"], "finish"),
    };
    const answer: DeleteEverythingAnswer = { done: await everything.delete(member, asked) };
    return c.json(answer);
  });
}

/** Only what says so plainly loses anything. */
function flagOf(value: unknown, name: string): boolean {
  if (value === undefined || typeof value === "boolean") return value ?? false;
  throw new PresyncError("malformed", `${name} must be true or false`);
}
