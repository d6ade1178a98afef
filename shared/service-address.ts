/** Where something of a service is, whose address may end with a slash or without. Throws `TypeError` for no address. */
export function inService(service: string, path: string): string {
  return new URL(path, service.endsWith("/") ? service : `${service}/`).href;
}
