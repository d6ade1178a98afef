/** What `import … from "presync/react"` gives; for React 19 and later. */
export { PresyncProvider, usePresync } from "./provider.ts";
export type { PresyncProviderProps } from "./provider.ts";
export { useDocument } from "./use-document.ts";
export type { ChangeDocument, DocumentState, OpenedDocument } from "./document-store.ts";
export { usePresence } from "./use-presence.ts";
export { useSyncStatus } from "./use-sync-status.ts";
