/**
 * The test bed: each test has a stack of its own (app, service, store) and as many devices as it asks for. All of
 * it is on loopback, under free ports and in temporary directories, and gone when the test ends.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext } from "@playwright/test";
import { expect, test as base } from "@playwright/test";
import { killBrowser } from "./harness/browser-process.ts";
import type { ChaosProxy } from "./harness/chaos-proxy.ts";
import { startChaosProxy } from "./harness/chaos-proxy.ts";
import type { Device } from "./harness/device.ts";
import { createDevice } from "./harness/device.ts";
import type { Stack, StackOptions } from "./harness/stack.ts";
import { startStack } from "./harness/stack.ts";

/** A browser profile on disk, which outlives the browser. */
export interface Profile {
  open(): Promise<Device>;
  /** Kills the browser that is open on it, without a word. */
  kill(): Promise<void>;
}

export interface Fixtures {
  stackOptions: StackOptions;
  stack: Stack;
  /** A new device with an empty profile. */
  device: (name: string) => Promise<Device>;
  profile: (name: string) => Promise<Profile>;
}

export const test = base.extend<Fixtures & { world: World }>({
  stackOptions: [{}, { option: true }],
  stack: async ({ stackOptions }, use) => {
    const stack = await startStack(stackOptions);
    await use(stack);
    await stack.close();
  },
  world: async ({ stack }, use) => {
    const world = createWorld(stack);
    await use(world);
    const errors = world.devices.flatMap((device) => device.takeErrors());
    await world.close();
    expect(errors).toEqual([]);
  },
  device: async ({ browser, world }, use) => {
    await use(async (name) => {
      const network = await world.network();
      const context = await browser.newContext({ proxy: { server: network.address } });
      return world.device(name, context, network);
    });
  },
  profile: async ({ playwright, launchOptions, world }, use) => {
    await use(async (name) => {
      const directory = await mkdtemp(join(tmpdir(), "presync-e2e-profile-"));
      world.onClose(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
      const network = await world.network();
      let context: BrowserContext | null = null;
      return {
        async open() {
          context = await playwright.chromium.launchPersistentContext(directory, {
            ...launchOptions,
            proxy: { server: network.address },
          });
          return world.device(name, context, network);
        },
        async kill() {
          const closed = context?.waitForEvent("close");
          await killBrowser(directory);
          await closed;
          context = null;
        },
      };
    });
  },
});

export { expect };

/** Everything a test has opened, to be closed in reverse order. */
interface World {
  readonly devices: readonly Device[];
  network(): Promise<ChaosProxy>;
  device(name: string, context: BrowserContext, network: ChaosProxy): Promise<Device>;
  onClose(closer: () => Promise<unknown>): void;
  close(): Promise<void>;
}

function createWorld(stack: Stack): World {
  const devices: Device[] = [];
  const closers: (() => Promise<unknown>)[] = [];
  return {
    devices,
    async network() {
      const proxy = await startChaosProxy();
      closers.push(() => proxy.close());
      return proxy;
    },
    async device(name, context, network) {
      closers.push(() => context.close());
      const device = await createDevice(name, context, network, stack.app.url);
      devices.push(device);
      return device;
    },
    onClose: (closer) => closers.push(closer),
    async close() {
      for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) await closer();
    },
  };
}
