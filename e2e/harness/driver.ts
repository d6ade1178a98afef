/** What the test bed asks of a browser, whoever drives it. */
import type { BrowserContext, Page } from "@playwright/test";

export interface Driver {
  /** An empty profile behind that proxy. It is gone when it is closed. */
  newProfile(proxy: string, events: ProfileEvents): Promise<DrivenProfile>;
  /** The profile that lies in a directory. */
  openProfile(directory: string, proxy: string, events: ProfileEvents): Promise<DrivenProfile>;
  /** Kills the browser that is open on that directory, without a word; resolves when it is gone. */
  killProfile(directory: string): Promise<void>;
  close(): Promise<void>;
}

export interface ProfileEvents {
  /** A page or a worker wrote this to its console. */
  line(text: string): void;
  /** A page or a worker threw this, and nobody caught it. */
  error(text: string): void;
}

export interface DrivenProfile {
  readonly workers: WorkerControl;
  /** Playwright's own; throws where it is not the driver. */
  readonly context: BrowserContext;
  newPage(): Promise<DrivenPage>;
  /** What that page opens with `window.open`. */
  popup(from: DrivenPage): Promise<DrivenPage>;
  close(): Promise<void>;
}

export interface DrivenPage {
  /** Playwright's own; throws where it is not the driver. */
  readonly page: Page;
  /** Runs a function in the page, which sees nothing of what is around it here. */
  readonly evaluate: Evaluate;
  /** Resolves when the page is loaded. */
  goto(address: string): Promise<void>;
  reload(): Promise<void>;
  title(): Promise<string>;
  /** Loads a page of the app in that way, waits for its `presync`, and fails with the page's error if it has one. */
  connect(load: () => Promise<unknown>): Promise<void>;
  close(): Promise<void>;
  /** Resolves when the page has closed itself. */
  untilClosed(): Promise<void>;
}

/** Arguments and results are what JSON can carry, besides undefined. */
export interface Evaluate {
  <R>(run: () => R | Promise<R>): Promise<R>;
  <R, A>(run: (argument: A) => R | Promise<R>, argument: A): Promise<R>;
}

/** Ends service workers as a browser does: at once, without an event to anybody. See `needs` for who cannot. */
export interface WorkerControl {
  /** Ends the workers of this browser profile; a page may have started them again when this resolves. */
  stop(): Promise<void>;
  /** Limits what an origin may store; without a limit the browser's own applies again. */
  limitStorage(origin: string, bytesMax: number | undefined): Promise<void>;
  /** Deletes what an origin has stored, as a browser does that needs the room; the worker stays installed. */
  evict(origin: string): Promise<void>;
}
