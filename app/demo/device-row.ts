/** One of the user's devices, with what can be done about it. */
import type { Device } from "presync";
import { copyOf, part, setText } from "./dom.ts";
import { deviceName } from "./status-facts.ts";
import { countWords, relativeTime, sizeWords } from "./time-words.ts";

export interface DeviceActions {
  rename(device: Device, name: string): void;
  retire(device: Device): void;
  remove(device: Device): void;
}

/** As its user calls it; or what it is, and a bit of its id. */
export function shownName({ name, replica }: Device): string {
  return name ?? deviceName(replica);
}

export function deviceRow(
  device: Device,
  isThis: boolean,
  now: number,
  actions: DeviceActions,
): HTMLElement {
  const row = copyOf("device-template");
  const input = part(row, "name", HTMLInputElement);
  const label = part(row, "label", HTMLLabelElement);
  const retire = part(row, "retire", HTMLButtonElement);
  const remove = part(row, "remove", HTMLButtonElement);
  input.id = `name-of-${device.replica}`;
  label.htmlFor = input.id;
  setText(label, `Name of ${shownName(device)}`);
  input.value = device.name ?? "";
  input.placeholder = deviceName(device.replica);
  setText(part(row, "facts", HTMLElement), factsOf(device, isThis, now));
  retire.hidden = isThis || device.state === "retired";
  remove.hidden = device.state !== "retired";
  retire.setAttribute("aria-label", `Retire ${shownName(device)}`);
  remove.setAttribute("aria-label", `Remove ${shownName(device)}`);
  part(row, "form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    actions.rename(device, input.value);
  });
  retire.addEventListener("click", () => actions.retire(device));
  remove.addEventListener("click", () => actions.remove(device));
  return row;
}

function factsOf(device: Device, isThis: boolean, now: number): string {
  const { state, signedInAt, lastWrittenAt, bytes, objects } = device;
  const facts = [
    ...(isThis ? ["This device"] : []),
    ...(state === "retired" ? ["Retired"] : []),
    ...(signedInAt === null ? [] : [`signed in ${relativeTime(signedInAt, now)}`]),
    lastWrittenAt === null ? "nothing in the cloud" : `wrote ${relativeTime(lastWrittenAt, now)}`,
    ...(objects === 0 ? [] : [`${sizeWords(bytes)} in ${countWords(objects, "object")}`]),
  ];
  const line = facts.join(" · ");
  return line.charAt(0).toUpperCase() + line.slice(1);
}
