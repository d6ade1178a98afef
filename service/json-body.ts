/** Reads a request's JSON object. The declared type matters: without it a foreign page could post unasked. */
import type { Context } from "hono";
import { PresyncError } from "../shared/errors.ts";

export async function readJson(c: Context): Promise<Readonly<Record<string, unknown>>> {
  const declared = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (declared !== "application/json")
    throw new PresyncError("malformed", "the request must be declared as application/json");
  const value: unknown = await c.req.json().catch(() => undefined);
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new PresyncError("malformed", "the request must be one JSON object");
}

export function stringOf(value: unknown, name: string): string {
  if (typeof value === "string") return value;
  throw new PresyncError("malformed", `${name} is missing`);
}
