/**
 * What every runtime of presync has (browser page, service worker, Node, workerd): nothing else may be
 * named in `shared/` and `sw/engine/`. Whatever touches the world is injected instead.
 */

declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
}

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes?: Uint8Array): string;
}

declare class URL {
  constructor(url: string, base?: string);
  readonly origin: string;
  readonly href: string;
  readonly host: string;
  pathname: string;
  search: string;
  hash: string;
}

declare class AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
}

declare class AbortController {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}
