/** What a user asks about the own devices and data, with the session that only the worker has. */
import type {
  DeleteEverythingAnswer,
  DeleteEverythingRequest,
  DevicesAnswer,
} from "../shared/devices.ts";
import { PresyncError, toErrorData } from "../shared/errors.ts";
import type { AccountRequest } from "../shared/wire.ts";
import type { Engine } from "./engine/engine.ts";
import type { Disk } from "./engine/world.ts";
import { exportEverything } from "./export.ts";
import type { ServiceClient } from "./service-client.ts";
import type { SessionKeeper } from "./session-keeper.ts";

/** Each deletes a thousand objects; a user of five hundred devices has 28,000. */
const deletionsMax = 100;

/** A device that somebody looks at misses the others' manifests within this, asks, and writes no more. */
const noticedMs = 5_000;

const deviceRequests: ReadonlySet<string> = new Set(["rename", "retire", "remove"]);

export interface Account {
  /** Never resolves to nothing. Throws `unauthenticated` where nobody is signed in, and what the service answers. */
  answer(request: AccountRequest): Promise<unknown>;
  /**
   * In the bucket and at the service. `finishing` is called before the last step, which ends the session; where it was
   * called before, by a worker that has ended since, a session that is over means that it is done.
   */
  deleteEverything(confirm: string, finishing: Finishing): Promise<void>;
}

export interface Finishing {
  readonly isBegun: boolean;
  begin(): Promise<void>;
}

export interface AccountParts {
  readonly client: ServiceClient | null;
  readonly sessions: SessionKeeper | null;
  readonly disk: Pick<Disk, "keys">;
  readonly engine: Pick<Engine, "peek">;
  readonly pause: (ms: number) => Promise<void>;
  /** Asks for another grant: which devices there are has changed. */
  readonly renew: () => Promise<void>;
}

export function createAccount(parts: AccountParts): Account {
  const { client, sessions } = parts;

  const ask = async (path: string, body?: object): Promise<unknown> => {
    if (client === null || sessions === null)
      throw new PresyncError("unauthenticated", "nobody is signed in");
    return client.ask(await sessions.current(), `v1/${path}`, body);
  };

  const deletePart = async (asked: DeleteEverythingRequest): Promise<void> => {
    for (let left = deletionsMax; left > 0; left--) {
      const answer = await ask("everything/delete", asked);
      if ((answer as DeleteEverythingAnswer).done) return;
    }
    throw new PresyncError("retry", "there is more than can be deleted at once");
  };

  return {
    async answer(request) {
      const { what } = request;
      if (what === "devices") return ((await ask(what)) as DevicesAnswer).devices;
      if (what === "export") return exportEverything({ ...parts, ask });
      // It comes from a page: a path of its choosing could bring it a token.
      if (!deviceRequests.has(what))
        throw new PresyncError("invalid-argument", "nothing that can be asked of the service");
      const answer = await ask(`devices/${what}`, request);
      if (what !== "rename") void parts.renew();
      return answer ?? true;
    },
    async deleteEverything(confirm, finishing) {
      try {
        await deletePart({ confirm, finish: false });
        await parts.pause(noticedMs);
        await finishing.begin();
        await deletePart({ confirm, finish: true });
      } catch (error) {
        if (!finishing.isBegun || toErrorData(error).code !== "unauthenticated") throw error;
      }
    },
  };
}
