/** The user's devices, and everything of the user: renamed, retired, removed, taken along, deleted. */
import type { Device, Presync } from "presync";
import type { DeviceActions } from "./device-row.ts";
import { deviceRow, shownName } from "./device-row.ts";
import { prepareDialog } from "./dialog.ts";
import { byId, onClick, setMessage, setText } from "./dom.ts";
import { codeOf, devicesWords } from "./problem-words.ts";
import { sizeWords } from "./time-words.ts";

/** Long enough for any browser to have begun to save it. */
const downloadMs = 60_000;

/** Returns what opens the dialog. */
export function createDevicesDialog(presync: Presync): () => void {
  const dialog = byId("devices-dialog", HTMLDialogElement);
  const view = byId("devices-view", HTMLElement);
  const list = byId("devices-list", HTMLElement);
  const question = byId("devices-ask", HTMLElement);
  const consent = byId("devices-do", HTMLButtonElement);
  const error = byId("devices-error", HTMLElement);
  const busy = byId("devices-busy", HTMLElement);
  let agreed: (() => Promise<void>) | null = null;

  const showList = (): void => {
    view.hidden = false;
    question.hidden = true;
    // What was pressed is gone.
    byId("devices-title", HTMLElement).focus();
  };

  /** Nothing that cannot be taken back happens with one press. */
  const ask = (words: string, button: string, action: () => Promise<void>): void => {
    agreed = action;
    setText(byId("devices-ask-words", HTMLElement), words);
    setText(consent, button);
    view.hidden = true;
    question.hidden = false;
    byId("devices-return", HTMLButtonElement).focus();
  };

  const during = async (words: string, action: () => Promise<void>): Promise<void> => {
    setMessage(error, null);
    setText(busy, words);
    const buttons = [...dialog.querySelectorAll<HTMLButtonElement>("button:not([data-close])")];
    for (const button of buttons) button.disabled = true;
    try {
      await action();
    } catch (failure) {
      setMessage(error, devicesWords(codeOf(failure)));
    } finally {
      setText(busy, "");
      for (const button of buttons) button.disabled = false;
    }
  };

  const load = async (): Promise<void> => {
    const devices = await presync.devices.list();
    const own = presync.status.get().user?.replica;
    const now = Date.now();
    const isThis = ({ replica }: Device): boolean => replica === own;
    // This one first; the others as they are.
    const sorted = devices.toSorted((a, b) => Number(isThis(b)) - Number(isThis(a)));
    list.replaceChildren(...sorted.map((each) => deviceRow(each, isThis(each), now, actions)));
  };

  const change = (words: string, action: () => Promise<unknown>): Promise<void> =>
    during(words, async () => {
      await action();
      await load();
      showList();
    });

  const actions: DeviceActions = {
    rename: ({ replica }, name) =>
      void change("Renaming…", () => presync.devices.rename(replica, name)),
    retire: (device) =>
      ask(
        `${shownName(device)} will be signed out and get no further access. What it has in the cloud stays, and your ` +
          "other devices take it over.",
        "Retire it",
        () => change("Retiring…", () => presync.devices.retire(device.replica)),
      ),
    remove: (device) =>
      void during("Removing…", async () => {
        try {
          await presync.devices.remove(device.replica);
          await load();
        } catch (failure) {
          if (codeOf(failure) !== "unsaved") throw failure;
          askToDiscard(device);
        }
      }),
  };

  const askToDiscard = (device: Device): void =>
    ask(
      `Your other devices have not taken over yet what ${shownName(device)} has in the cloud ` +
        `(${sizeWords(device.bytes)}). Leave one open for a few minutes, and nothing is lost. If you remove it now, ` +
        "what none of them has read is lost for good.",
      "Remove it all the same",
      () =>
        change("Removing…", () => presync.devices.remove(device.replica, { discardUnsaved: true })),
    );

  const deleteAll = async (): Promise<void> => {
    const { user } = presync.status.get();
    if (user === null) return;
    await presync.deleteEverything({ confirm: user.namespace });
    dialog.close();
    // The button that opened it is gone.
    byId("status", HTMLElement).focus();
  };

  prepareDialog(dialog);
  onClick("devices-return", () => {
    setMessage(error, null);
    showList();
  });
  consent.addEventListener("click", () => void agreed?.());
  onClick(
    "devices-export",
    () =>
      void during("Gathering everything…", async () => download(await presync.exportEverything())),
  );
  onClick("devices-delete-all", () =>
    ask(
      "This deletes your list from the cloud and from this browser, and ends the sign-in on every device. A copy that " +
        "another device holds stays there until you erase it. Download everything first if you may want it again.",
      "Delete everything",
      () => during("Deleting…", deleteAll),
    ),
  );

  return () => {
    list.replaceChildren();
    dialog.showModal();
    showList();
    void during("Looking…", load);
  };
}

function download(content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = "list.tar";
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), downloadMs);
}
