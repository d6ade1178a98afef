/** The databases of one service-worker registration, by name; several apps may share one origin. */
import type { UserId } from "../shared/wire.ts";
import { deleteDatabase } from "./world/indexeddb-disk.ts";

export interface Databases {
  readonly registry: string;
  documents(user: UserId): string;
  engine(user: UserId): string;
  erase(user: UserId): Promise<void>;
}

export function databasesOf(scope: string): Databases {
  const prefix = `presync ${new URL(scope).pathname}`;
  const self: Databases = {
    registry: `${prefix} registry`,
    documents: (user) => `${prefix} documents ${user}`,
    engine: (user) => `${prefix} engine ${user}`,
    async erase(user) {
      await deleteDatabase(self.documents(user));
      await deleteDatabase(self.engine(user));
    },
  };
  return self;
}
