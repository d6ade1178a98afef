/** The user's devices, and everything of the user, as the page asks about them: the worker has the session. */
import type { Device, RemoveAnswer } from "../../shared/devices.ts";
import type { AccountRequest } from "../../shared/wire.ts";
import { knownCall } from "./known-call.ts";
import type { WorkerLink } from "./worker-link.ts";

/**
 * All of them throw `unauthenticated` where nobody is signed in, `unreachable` and `retry` where the service cannot
 * answer, and `denied` for a replica that is no device of the user.
 */
export interface Devices {
  /** The last one to sign in first. This device's is `status.user.replica`. */
  list(): Promise<readonly Device[]>;
  /** At most 64 characters; an empty name is none. Throws `invalid-argument` for control characters. */
  rename(replica: string, name: string): Promise<void>;
  /**
   * Ends the device's sign-in: it is not given any more URLs, and the others take over what it has in the bucket. What it
   * has not sent yet it sends when somebody signs in there again. Throws `invalid-argument` for this device.
   */
  retire(replica: string): Promise<void>;
  /**
   * Deletes what a retired device has in the bucket. Throws `unsaved` until another device has taken it over, which takes
   * some minutes of that one's being used; with `discardUnsaved`, what no other device has read is lost. Throws
   * `invalid-argument` for a device that is not retired.
   */
  remove(
    replica: string,
    options?: { readonly discardUnsaved?: boolean | undefined },
  ): Promise<RemoveAnswer>;
}

export interface Account {
  readonly devices: Devices;
  exportEverything(): Promise<Blob>;
  deleteEverything(options: { readonly confirm: string }): Promise<void>;
}

export function createAccount(link: Pick<WorkerLink, "call">): Account {
  const ask = (request: AccountRequest): Promise<unknown> =>
    knownCall(link, { name: "account", request });

  return {
    devices: {
      list: async () => (await ask({ what: "devices" })) as readonly Device[],
      async rename(replica, name) {
        await ask({ what: "rename", replica, name });
      },
      async retire(replica) {
        await ask({ what: "retire", replica });
      },
      remove: async (replica, { discardUnsaved = false } = {}) =>
        (await ask({ what: "remove", replica, discardUnsaved })) as RemoveAnswer,
    },
    exportEverything: async () => (await ask({ what: "export" })) as Blob,
    async deleteEverything({ confirm }) {
      await knownCall(link, { name: "delete-everything", confirm });
    },
  };
}
