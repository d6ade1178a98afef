/**
 * Serves an app during development, on loopback: always revalidated (`no-cache` and an ETag), single-page
 * navigations fall back to `index.html`, and `/presync.json` tells `connect()` where the service is.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { AppFile, AppFolder } from "./app-files.ts";
import { revisionOf } from "./precache.ts";

export interface AppServerOptions {
  readonly folder: AppFolder;
  /** Undefined until the service listens. */
  readonly serviceUrl: () => string | undefined;
  readonly warn: (line: string) => void;
}

const configPath = "/presync.json";

export function createAppHandler(options: AppServerOptions): RequestListener {
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "/" } = request;
    if (method !== "GET" && method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      return end(response, 405);
    }
    const [pathname = "/", query] = url.split("?", 2);
    if (!pathname.startsWith("/")) return end(response, 400);
    const file = pathname === configPath ? configFile() : await options.folder.find(pathname);
    if (file === "directory") {
      // The name alone: relative, so that no path can lead to another host.
      const name = pathname.slice(pathname.lastIndexOf("/") + 1);
      response.setHeader("location", `./${name}/${query === undefined ? "" : `?${query}`}`);
      return end(response, 301);
    }
    if (file !== undefined) return send(request, response, file);
    const index = isNavigation(request) ? await options.folder.find("/") : undefined;
    if (index === undefined || index === "directory") return end(response, 404);
    return send(request, response, index);
  }

  function configFile(): AppFile | undefined {
    const service = options.serviceUrl();
    if (service === undefined) return undefined;
    const content = Buffer.from(`${JSON.stringify({ service })}\n`);
    return { content, type: "application/json; charset=utf-8" };
  }

  return (request, response) => {
    answer(request, response).catch((error: unknown) => {
      options.warn(`the app server failed: ${error instanceof Error ? error.message : "?"}`);
      if (response.headersSent) response.destroy();
      else end(response, 500);
    });
  };
}

function isNavigation(request: IncomingMessage): boolean {
  return request.headers.accept?.includes("text/html") === true;
}

function send(request: IncomingMessage, response: ServerResponse, file: AppFile): void {
  const etag = `"${revisionOf(file.content)}"`;
  response.setHeader("etag", etag);
  response.setHeader("cache-control", "no-cache");
  response.setHeader("x-content-type-options", "nosniff");
  if (request.headers["if-none-match"] === etag) return end(response, 304);
  response.setHeader("content-type", file.type);
  response.setHeader("content-length", file.content.length);
  response.writeHead(200);
  response.end(request.method === "HEAD" ? undefined : file.content);
}

function end(response: ServerResponse, status: number): void {
  response.setHeader("cache-control", "no-cache");
  response.writeHead(status);
  response.end();
}
