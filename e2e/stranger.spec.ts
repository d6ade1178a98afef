/** Somebody who has read the first page of the documentation: ten lines in an empty folder, and one command. */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "@playwright/test";
import { setUpBucket } from "../scripts/rgw/bucket-setup.ts";
import { distDirectory, rgwAddress } from "./harness/environment.ts";
import { freePort } from "./harness/ports.ts";

const page = `<!doctype html>
<title>Groceries</title>
<ul></ul>
<script type="module">
  import { connect } from "/presync.js";
  const presync = await connect();
  const list = await presync.open("groceries", { items: [] });
  const show = () => document.querySelector("ul").replaceChildren(...list.doc().items.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  list.on("change", show), show();
  Object.assign(globalThis, { presync, list });
</script>
`;

test("a page of ten lines works on two devices", async ({ browser }) => {
  const folder = await mkdtemp(join(tmpdir(), "presync-e2e-stranger-"));
  const words = ["dev", "--app", folder, "--json", "--data", join(folder, ".data")];
  const port = await freePort();
  words.push("--port", String(port));
  const rgw = rgwAddress();
  if (rgw !== undefined) {
    const { admin, reader, writer, ...store } = rgw;
    const bucket = `stranger-${crypto.randomUUID()}`;
    const users = { owner: "admin", reader: "reader", writer: "writer" };
    await setUpBucket({ ...store, bucket }, admin, users, [`http://127.0.0.1:${port}`]);
    const file = join(folder, ".store.json");
    const description = { ...store, bucket, ...admin, read: reader, write: writer };
    await writeFile(file, JSON.stringify(description));
    words.push("--store-json", file);
  }
  await writeFile(join(folder, "index.html"), page);
  const child = spawn(process.execPath, [join(distDirectory(), "cli.js"), ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  try {
    const [line] = await Promise.race([
      new Promise<[string]>((resolve) => {
        createInterface(child.stdout).once("line", (text) => resolve([text]));
      }),
      ended.then((code): never => {
        throw new Error(`presync dev ended with ${code}`);
      }),
    ]);
    const { app, service } = JSON.parse(line) as { app: string; service: string };
    expect(app).toBe(`http://127.0.0.1:${port}`);
    expect(service).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);

    const [laptop, phone] = [await browser.newContext(), await browser.newContext()];
    const [a, b] = [await laptop.newPage(), await phone.newPage()];
    for (const tab of [a, b]) {
      await tab.goto(app);
      await tab.waitForFunction(() => "list" in globalThis);
    }
    const key = await a.evaluate(() => presync.newSecretKey());
    for (const tab of [a, b])
      await tab.evaluate((secretKey) => presync.signIn("key", { secretKey }), key);
    await a.evaluate(() => list.change((doc) => void doc.items.push("milk")));
    await expect(a.getByRole("listitem")).toHaveText(["milk"]);
    await expect(b.getByRole("listitem")).toHaveText(["milk"]);
    await b.evaluate(() => list.change((doc) => void doc.items.push("bread")));
    await b.evaluate(() => presync.saved(list as never, "bucket"));
    await expect(a.getByRole("listitem")).toHaveText(["milk", "bread"]);
    // With the devices gone, it is all in the browser's and the bucket's keeping.
    await a.reload();
    await expect(a.getByRole("listitem")).toHaveText(["milk", "bread"]);
    await laptop.close();
    await phone.close();
  } finally {
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    await rm(folder, { recursive: true, force: true });
  }
});
