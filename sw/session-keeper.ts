/**
 * Keeps one user's session fresh. The service exchanges it for the next one, and takes the former one until the next
 * is first used: so the next one is on disk before anybody uses it, and whatever ends in between is repeated.
 */
import { PresyncError } from "../shared/errors.ts";
import type { UserId } from "../shared/wire.ts";
import type { Clock } from "./engine/world.ts";
import type { Registry, RegistryState, Session } from "./registry.ts";
import { withUser } from "./registry.ts";
import type { ServiceClient } from "./service-client.ts";

export interface SessionKeeper {
  /**
   * The session to use now, exchanged if it is time. Throws `unauthenticated` where it is over or the user has signed
   * out, and what else the service or the disk fails with.
   */
  current(): Promise<Session>;
}

export interface SessionKeeperParts {
  readonly registry: Registry;
  readonly user: UserId;
  readonly client: Pick<ServiceClient, "refresh">;
  readonly clock: Clock;
}

export function createSessionKeeper(parts: SessionKeeperParts): SessionKeeper {
  const { registry, user, client, clock } = parts;

  /** Also long before it came: then the clock was set, and nobody knows how old it is. */
  const isDue = ({ receivedAt, refreshAfterMs }: Session): boolean =>
    Math.abs(clock.now() - receivedAt) >= refreshAfterMs;

  const sessionIn = ({ users }: RegistryState): Session => {
    const session = users[user]?.session;
    if (session === null || session === undefined)
      throw new PresyncError("unauthenticated", "the user has signed out");
    return session;
  };

  const exchange = async (): Promise<Session> => {
    const held = sessionIn(await registry.read());
    if (!isDue(held)) return held;
    const next = await client.refresh(held);
    const state = await registry.change((found) => {
      const record = found.users[user];
      // Another incarnation has exchanged it as well, and was first.
      if (record?.session?.token !== held.token) return found;
      return withUser(found, { ...record, session: next });
    });
    return sessionIn(state);
  };

  let underWay: Promise<Session> | null = null;
  return {
    current() {
      underWay ??= exchange().finally(() => {
        underWay = null;
      });
      return underWay;
    },
  };
}
