/**
 * The test bed: each test has a stack of its own (app, service, store) and as many devices as it asks for. All of
 * it is on loopback, under free ports and in temporary directories, and gone when the test ends.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test as base } from "@playwright/test";
import type { ChaosProxy } from "./harness/chaos-proxy.ts";
import { startChaosProxy } from "./harness/chaos-proxy.ts";
import type { Device } from "./harness/device.ts";
import { createDevice } from "./harness/device.ts";
import type { DrivenProfile, Driver, ProfileEvents } from "./harness/driver.ts";
import type { EngineName } from "./harness/engine.ts";
import { startPlaywrightDriver } from "./harness/playwright/playwright-driver.ts";
import type { Stack, StackOptions } from "./harness/stack.ts";
import { startStack } from "./harness/stack.ts";
import { startWebkitDriver } from "./harness/webkit/webkit-driver.ts";

/** A browser profile on disk, which outlives the browser. */
export interface Profile {
  readonly directory: string;
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

export interface WorkerOptions {
  /** Which engine a project's devices have. */
  engine: EngineName;
}

export const test = base.extend<Fixtures & { world: World }, WorkerOptions & { driver: Driver }>({
  engine: ["chromium", { option: true, scope: "worker" }],
  driver: [
    async ({ engine, playwright, launchOptions, channel }, use) => {
      const driver =
        engine === "webkit"
          ? await startWebkitDriver()
          : await startPlaywrightDriver(
              playwright[engine],
              channel === undefined ? launchOptions : { ...launchOptions, channel },
            );
      await use(driver);
      await driver.close();
    },
    { scope: "worker" },
  ],
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
  device: async ({ driver, world }, use) => {
    await use(async (name) => {
      const network = await world.network();
      return world.device(name, network, (events) => driver.newProfile(network.address, events));
    });
  },
  profile: async ({ driver, world }, use) => {
    await use(async (name) => {
      const directory = await mkdtemp(join(tmpdir(), "presync-e2e-profile-"));
      world.onClose(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
      const network = await world.network();
      return {
        directory,
        open: () =>
          world.device(name, network, (events) =>
            driver.openProfile(directory, network.address, events),
          ),
        kill: () => driver.killProfile(directory),
      };
    });
  },
});

export { expect };

/** Everything a test has opened, to be closed in reverse order. */
interface World {
  readonly devices: readonly Device[];
  network(): Promise<ChaosProxy>;
  device(
    name: string,
    network: ChaosProxy,
    open: (events: ProfileEvents) => Promise<DrivenProfile>,
  ): Promise<Device>;
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
    async device(name, network, open) {
      const device = await createDevice(name, open, network, stack.app.url);
      closers.push(() => device.close());
      devices.push(device);
      return device;
    },
    onClose: (closer) => closers.push(closer),
    async close() {
      for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) await closer();
    },
  };
}
