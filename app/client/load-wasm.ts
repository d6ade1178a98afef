/** Automerge's wasm: without it there are no documents. */
import { initializeWasm } from "@automerge/automerge-repo/slim";
import { PresyncError } from "../../shared/errors.ts";

/** Throws `unreachable` without an answer, `unexpected-answer` where the file is not what it should be. */
export async function loadWasm(url: URL): Promise<void> {
  try {
    await attempt(url, "default");
  } catch {
    // A worker that is ended while it passes the file on cuts it off, and what a cache has kept may be damaged.
    await attempt(url, "reload");
  }
}

async function attempt(url: URL, cache: RequestCache): Promise<void> {
  const where = url.pathname;
  let response: Response;
  try {
    response = await fetch(url, { cache });
  } catch (cause) {
    throw new PresyncError("unreachable", `${where} could not be fetched`, { cause });
  }
  if (!response.ok)
    throw new PresyncError("unexpected-answer", `${where}: the server answered ${response.status}`);
  try {
    // A Response streams into the compiler; the declaration does not say that it may be one.
    await initializeWasm(response as unknown as Request);
  } catch (cause) {
    throw new PresyncError("unexpected-answer", `${where} is not Automerge's wasm`, { cause });
  }
}
