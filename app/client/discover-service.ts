/** Where the service is, for a page that does not say: the site's `/presync.json`, if it has one. */

export async function discoverService(): Promise<string | null> {
  try {
    const response = await fetch("/presync.json", { cache: "no-cache" });
    if (!response.ok) return null;
    const { service } = (await response.json()) as { service?: unknown };
    return typeof service === "string" ? service : null;
  } catch {
    return null;
  }
}
