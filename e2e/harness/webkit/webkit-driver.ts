/** WebKitGTK, driven over WebDriver: a device is a session, and its tabs are windows. */
import type { DrivenPage, DrivenProfile, Driver, ProfileEvents } from "../driver.ts";
import { startVirtualDisplay } from "./virtual-display.ts";
import { startSession } from "./webdriver-session.ts";
import { webkitPage } from "./webkit-page.ts";

export async function startWebkitDriver(): Promise<Driver> {
  const display = await startVirtualDisplay();
  return {
    newProfile: (proxy, events) => newProfile(display.name, proxy, events),
    openProfile: impossible,
    killProfile: impossible,
    close: () => display.close(),
  };
}

async function newProfile(
  display: string,
  proxy: string,
  events: ProfileEvents,
): Promise<DrivenProfile> {
  const session = await startSession(display, proxy);
  // The window it begins with is left alone: a session ends with its last one, and new ones come from one that is.
  const home = (await session.send("GET", "/window")) as string;
  return {
    workers: { stop: impossible, limitStorage: impossible, evict: impossible },
    get context(): never {
      throw new Error("this is WebKit, which Playwright does not drive; see needs()");
    },
    async newPage(): Promise<DrivenPage> {
      // A tab in one window with others would be hidden by them, and a hidden page asks the bucket for less.
      const { handle } = (await session.sendIn(home, "POST", "/window/new", {
        type: "window",
      })) as { handle: string };
      return webkitPage(session, handle, events);
    },
    popup: impossible,
    close: () => session.close(),
  };
}

function impossible(): Promise<never> {
  return Promise.reject(new Error("WebDriver has no such command; see needs()"));
}
