/** A device on which everything happens that can: it goes on by itself until it is told to stop. */
import type { Profile } from "../fixtures.ts";
import type { Device } from "../harness/device.ts";
import type { Tab } from "../harness/tab.ts";
import type { Oracle } from "./oracle.ts";
import { storedKeys } from "./stored-keys.ts";

export type Random = () => number;

export interface ChaoticDevice {
  /** Opens the browser and its tabs, and signs in. */
  begin(secretKey: string): Promise<void>;
  /** Does one thing. */
  step(): Promise<void>;
  /** Sets everything right; the tabs are open, and signed in with a grant that is good. */
  calm(secretKey: string): Promise<void>;
  readonly tabs: readonly Tab[];
  /** How often each thing was done. */
  readonly counts: ReadonlyMap<string, number>;
  /** What went wrong and should not have, in words. */
  readonly failures: readonly string[];
  /** What was done when, for whoever has to find out how something was lost: in order, each with its seconds. */
  readonly story: readonly string[];
}

const tabCount = 2;
const clockJumpMsMax = 26 * 60 * 60 * 1000;
const slowMsMax = 800;

/** A worker is started and has stored what it was handed by then, also while several browsers start. */
const savingMsMax = 15_000;

/** What a call says whose page, worker or browser ended under it. */
const endedWords =
  /closed|crashed|destroyed|detached|Target|browser has been|navigation|interrupted|is not defined/i;

export function createChaoticDevice(
  name: string,
  profile: Profile,
  oracle: Oracle,
  random: Random,
): ChaoticDevice {
  const counts = new Map<string, number>();
  const failures: string[] = [];
  const story: string[] = [];
  let device: Device;
  let tabs: Tab[] = [];
  let made = 0;
  /** What was saved on the device when a browser was killed. */
  const kept = new Set<string>();
  /** What was made since the browser was opened, and in which tab. */
  let own: { readonly item: string; readonly tab: Tab; readonly at: number }[] = [];

  const tell = (what: string): void => {
    story.push(`${(performance.now() / 1_000).toFixed(2)} ${name}: ${what}`);
  };
  const pick = (): number => Math.floor(random() * tabs.length);
  const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);

  const tolerate = (what: string, error: unknown): void => {
    tell(`${what}: ${String(error)}`);
    if (!endedWords.test(String(error))) failures.push(`${name}: ${what}: ${String(error)}`);
  };

  const edit = async (tab: Tab): Promise<void> => {
    const item = `${name} ${++made}`;
    oracle.made(item);
    tell(`${item} in tab ${tabs.indexOf(tab)}`);
    own.push({ item, tab, at: performance.now() });
    try {
      await tab.add(item);
    } catch (error) {
      // Whether it was made is not known.
      oracle.atRisk(item, 0);
      throw error;
    }
  };

  /**
   * What is too young to be on the disk may be lost, and what its tab still shows as unsaved. Whatever is older and
   * shown nowhere was lost before, by something else.
   */
  const kill = async (): Promise<void> => {
    const looks = new Map<Tab, { readonly shown: ReadonlySet<string>; readonly saved: boolean }>();
    for (const tab of tabs) {
      const shown = new Set(await tab.items());
      const { device: disk } = await tab.status();
      tell(`killed: tab ${tabs.indexOf(tab)} shows ${shown.size}, ${disk}`);
      looks.set(tab, { shown, saved: disk === "saved" });
    }
    const now = performance.now();
    await profile.kill();
    for (const { item, tab, at } of own) {
      const look = looks.get(tab);
      const isShown = look?.shown.has(item) ?? false;
      if (isShown && look?.saved) {
        oracle.promised("device", [item]);
        kept.add(item);
      } else if (isShown || now - at < savingMsMax) oracle.atRisk(item, now - at);
    }
    own = [];
  };

  /** What was saved when the browser was killed is there as soon as it is open again, whatever the network does. */
  const checkKept = async (): Promise<void> => {
    const [tab] = tabs;
    const shown = new Set(await tab!.items());
    const missing = [...kept].filter((item) => !shown.has(item));
    if (missing.length === 0) return;
    const { user, auth, device: disk, problems } = await tab!.status();
    const state = JSON.stringify({ user, auth, disk, problems, shown: shown.size });
    failures.push(
      `${name}: a browser that was opened again lacks ${missing.join(", ")}; ${state}, ${await storedKeys(tab!)}`,
    );
  };

  const openTab = async (): Promise<Tab> => {
    const tab = await device.tab();
    await tab.open();
    return tab;
  };

  const openBrowser = async (): Promise<void> => {
    device = await profile.open();
    tabs = [];
    for (let index = 0; index < tabCount; index++) tabs.push(await openTab());
  };

  /** Nobody waits for it: meanwhile the worker, the tab or the browser may end. */
  const watchSaved = (tab: Tab, where: "device" | "bucket"): void => {
    tab
      .savedItems(where)
      .then((items) => oracle.promised(where, items))
      .catch((error: unknown) => tolerate(`saved("${where}")`, error));
  };

  const actions: readonly [what: string, weight: number, act: () => Promise<void>][] = [
    [
      "edit",
      60,
      async () => {
        const tab = tabs[pick()]!;
        await edit(tab);
        if (random() < 0.5) watchSaved(tab, random() < 0.7 ? "device" : "bucket");
      },
    ],
    ["worker stopped", 8, async () => device.workers.stop()],
    [
      "edit while the worker stops",
      6,
      async () => {
        const stopping = device.workers.stop();
        const tab = tabs[pick()]!;
        await Promise.all([edit(tab), stopping]);
        watchSaved(tab, "device");
      },
    ],
    [
      "edit and close the tab",
      6,
      async () => {
        const at = pick();
        const tab = tabs[at]!;
        await edit(tab);
        tell(`closes tab ${at}`);
        await tab.close();
        tabs[at] = await openTab();
      },
    ],
    [
      "reload",
      5,
      async () => {
        const tab = tabs[pick()]!;
        tell(`reloads tab ${tabs.indexOf(tab)}`);
        await tab.reload();
        await tab.open();
      },
    ],
    ["offline", 6, async () => device.network.cut()],
    ["online", 8, async () => device.network.heal()],
    ["slow network", 4, async () => device.network.latency(Math.floor(random() * slowMsMax))],
    [
      "clock set",
      3,
      async () => {
        const byMs = Math.floor((random() * 2 - 1) * clockJumpMsMax);
        const [worker] = device.context.serviceWorkers();
        // Until the worker ends: then the clock is set back again.
        await worker?.evaluate((by) => {
          const real = Date.now.bind(Date);
          Date.now = () => real() + by;
        }, byMs);
      },
    ],
    [
      "browser killed",
      3,
      async () => {
        await kill();
        await openBrowser();
        await checkKept();
      },
    ],
  ];
  const total = actions.reduce((sum, [, weight]) => sum + weight, 0);

  return {
    get tabs() {
      return tabs;
    },
    counts,
    failures,
    story,
    async begin(secretKey) {
      await openBrowser();
      await tabs[0]!.signIn(secretKey);
      for (const tab of tabs) await tab.open();
    },
    async step() {
      let at = random() * total;
      const [what, , act] = actions.find(([, weight]) => (at -= weight) < 0)!;
      count(what);
      tell(what);
      await act().catch((error: unknown) => tolerate(what, error));
    },
    async calm(secretKey) {
      device.network.heal();
      device.network.latency(0);
      // Clocks are right again in the next worker.
      await device.workers.stop();
      const [tab] = tabs;
      if ((await tab!.status()).auth !== "valid") await tab!.signIn(secretKey);
    },
  };
}
