/**
 * A shared list with notes: an example of a whole app on presync. The document is in `list-document.ts`; the rest
 * is what any app has, views. The page itself is `public/index.html`, and shows before this script has run.
 */
import type { Presync } from "presync";
import { connect } from "presync";
import { showAccount } from "./account.ts";
import { createComposer } from "./composer.ts";
import type { ListHandle } from "./list-document.ts";
import { addItem, openList } from "./list-document.ts";
import { showList } from "./list-view.ts";
import { showStartFailure } from "./start-failure.ts";
import { showStatusBadge } from "./status-badge.ts";
import { createStatusDialog } from "./status-dialog.ts";
import { hideUndo } from "./undo-toast.ts";
import { offerUpdates } from "./update-notice.ts";

let list: ListHandle | null = null;

const addWaiting = createComposer((text) => {
  if (list === null) return false;
  addItem(list, text);
  return true;
});

try {
  const presync = await connect();
  // For the console: `presync.status.get()`, or `(await presync.open("list", { items: {} })).doc()`.
  Object.assign(window, { presync });
  showStatusBadge(presync.status);
  createStatusDialog(presync.status);
  offerUpdates(presync);
  showAccount(presync);
  followUser(presync);
} catch (error) {
  showStartFailure(error);
}

/** Shows the current user's list. When another user becomes current, the old one's leaves the page at once. */
function followUser(presync: Presync): void {
  let closeView: (() => void) | null = null;
  presync.repos.subscribe((repo) => {
    closeView?.();
    closeView = null;
    list = null;
    hideUndo();
    // Nothing of a user who is no longer current: neither the list nor a failure.
    const isCurrent = (): boolean => presync.repo === repo;
    openList(presync).then(
      (opened) => {
        if (!isCurrent()) return;
        list = opened;
        closeView = showList(opened, presync.presence(opened));
        addWaiting();
      },
      (error: unknown) => {
        if (isCurrent()) showStartFailure(error);
      },
    );
  });
}
