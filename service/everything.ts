/** All that there is of a user: taken along, and deleted. */
import { AwsV4Signer } from "aws4fetch";
import type { DeleteEverythingRequest, ExportAnswer, ExportedObject } from "../shared/devices.ts";
import { PresyncError } from "../shared/errors.ts";
import { isReplicaId } from "../shared/keys.ts";
import type { Namespace } from "../shared/keys.ts";
import type { CheckedConfig } from "./config.ts";
import { marksPrefix } from "./device-marks.ts";
import type { Devices } from "./devices.ts";
import { recordKey } from "./registry.ts";
import type { Member, Sessions } from "./session.ts";
import type { StoreClient } from "./store-client.ts";
import { deleteSome } from "./store-client.ts";
import { bucketUrl } from "./store-url.ts";
import type { UsageCounter } from "./usage.ts";

/** A page of them is fetched within this, on a slow line too; whoever finds the URLs later has nothing. */
const exportUrlSeconds = 900;

/** An answer of 400 kB. */
const exportedObjectsMax = 1000;

/** Of whatever kind. A call takes some seconds, and who asks waits no longer than twenty. */
const deletesMax = 1000;

const namePattern = /^(?:manifest|signal|seg\/\d{1,3}\/\d{1,3})$/;

export interface Everything {
  /**
   * What the service keeps of a user, and a signed URL for each object in the bucket, a page at a time: good for reading
   * that object, for a quarter of an hour.
   *
   * URLs, and not an archive made here, because the service then still sees no document, holds no gigabytes in memory or
   * open connections, and runs where a request may take seconds only. The worker, which has the session, fetches them
   * and makes the archive; no page ever has one of the URLs.
   */
  export(member: Member, after: string): Promise<ExportAnswer>;
  /**
   * Ends all other sign-ins of a user and deletes all objects; with `finish` it deletes what has come since, forgets
   * devices and sessions, and ends this sign-in as well. False where there was too much for one call, and the next one
   * goes on. Wherever it fails before the end, this sign-in is still good, and it may be asked again.
   *
   * Twice, because devices hold signed URLs that stay good: ours notice that manifests are gone, ask, and stop, but not
   * in the same second. What is kept is that this user's sign-ins ended then: without it old sessions would be good again.
   */
  delete(member: Member, asked: DeleteEverythingRequest): Promise<boolean>;
}

export interface EverythingParts {
  readonly store: StoreClient;
  readonly devices: Devices;
  readonly sessions: Sessions;
  readonly usage: UsageCounter;
}

export function createEverything(config: CheckedConfig, parts: EverythingParts): Everything {
  const { store, devices, sessions, usage } = parts;
  const { now, log } = config;
  const base = bucketUrl(config.store);

  async function readUrl(key: string): Promise<string> {
    const path = key.split("/").map(encodeURIComponent).join("/");
    const { url } = await new AwsV4Signer({
      ...config.store.read,
      method: "GET",
      url: `${base}${path}?X-Amz-Expires=${exportUrlSeconds}`,
      service: "s3",
      region: config.store.region,
      signQuery: true,
      datetime: new Date(now()).toISOString().replaceAll(/[:-]|\.\d{3}/g, ""),
    }).sign();
    return url.href;
  }

  return {
    async export({ namespace }, after) {
      const { devices: all, usage: counted } = await devices.survey(namespace);
      const found = counted.listed
        .map((object) => ({ ...object, name: object.key.slice(namespace.length + 1) }))
        .filter(({ key, name }) => key.startsWith(`${namespace}/`) && isObjectName(name))
        .filter(({ name }) => name > after)
        .toSorted((a, b) => (a.name < b.name ? -1 : 1));
      const page = found.slice(0, exportedObjectsMax);
      const objects: ExportedObject[] = [];
      for (const { key, name, bytes, lastModified } of page)
        objects.push({ name, bytes, lastModified, url: await readUrl(key) });
      log({ level: "info", event: "everything-exported", namespace, objects: objects.length });
      return {
        namespace,
        exportedAt: now(),
        devices: all,
        objects,
        more: found.length > page.length,
      };
    },
    async delete({ namespace, family }, { confirm, finish }) {
      if (confirm !== namespace)
        throw new PresyncError("invalid-argument", "confirm is not this user's namespace");
      usage.forget(namespace);
      const own = { namespace, family };
      await sessions.endOthers(own);
      const forgets = [
        (max: number) => deleteSome(store, marksPrefix(namespace), max),
        (max: number) => deleteSome(store, recordKey(namespace, ""), max),
        (max: number) => sessions.forget(own, max),
      ];
      let left = deletesMax;
      for (const part of [
        (max: number) => deleteSome(store, objectsPrefix(namespace), max),
        ...(finish ? forgets : []),
      ]) {
        left -= await part(left);
        if (left <= 0) return false;
      }
      if (!finish) return true;
      // Last of all: whoever is told that this sign-in is over may take it that nothing is left.
      await sessions.end(namespace);
      log({ level: "info", event: "everything-deleted", namespace });
      return true;
    },
  };
}

/** With the slash: another namespace's name may begin with this one's. */
function objectsPrefix(namespace: Namespace): string {
  return `${namespace}/`;
}

/** Nothing else is signed, whatever somebody may have put there. */
function isObjectName(name: string): boolean {
  const [replica, ...rest] = name.split("/");
  return isReplicaId(replica) && namePattern.test(rest.join("/"));
}
