/**
 * Reading and writing of the bucket's binary formats. Integers are unsigned LEB128 in their shortest form,
 * so every value has one spelling; every length is checked against what is left before anything is allocated.
 */
import { PresyncError } from "../errors.ts";

/** Seven bits a byte: eight bytes hold any safe integer. */
const varintBytesMax = 8;

/** Orders by the first byte that differs; a beginning comes before what goes on. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) if (a[at] !== b[at]) return a[at]! - b[at]!;
  return a.length - b.length;
}

/** Whether each is greater than the one before: in order, and nothing twice. */
export function isAscending(items: readonly Uint8Array[]): boolean {
  return items.every((item, index) => index === 0 || compareBytes(items[index - 1]!, item) < 0);
}

/** One array out of several. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export class ByteWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    this.#reserve(1)[0] = value;
  }

  varint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new PresyncError("internal", "a varint must be an integer from 0 to 2^53 - 1");
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest % 0x80) + 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.byte(rest);
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length).set(bytes);
  }

  /** A varint length, then the bytes. */
  sized(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.raw(bytes);
  }

  list<T>(items: readonly T[], write: (item: T) => void): void {
    this.varint(items.length);
    for (const item of items) write(item);
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(count: number): Uint8Array {
    const end = this.#length + count;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    const room = this.#bytes.subarray(this.#length, end);
    this.#length = end;
    return room;
  }
}

/** Reads what a `ByteWriter` wrote; anything else throws `malformed`. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw malformed("ends too early");
    this.#at++;
    return value;
  }

  varint(): number {
    let value = 0;
    for (let index = 0; index < varintBytesMax; index++) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte >= 0x80) continue;
      if (!Number.isSafeInteger(value) || (byte === 0 && index > 0)) break;
      return value;
    }
    throw malformed("has an integer that is too large or not in its shortest form");
  }

  /** The next bytes, as a view on the input. */
  raw(count: number): Uint8Array {
    if (count > this.remaining) throw malformed("ends too early");
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  sized(bytesMax: number): Uint8Array {
    const length = this.varint();
    if (length > bytesMax) throw malformed(`has a part of more than ${bytesMax} bytes`);
    return this.raw(length);
  }

  /** Each item takes at least one byte, so a count beyond what is left is a lie and allocates nothing. */
  list<T>(countMax: number, read: () => T): T[] {
    const count = this.varint();
    if (count > countMax) throw malformed(`has a list of more than ${countMax} items`);
    if (count > this.remaining) throw malformed("ends too early");
    const items: T[] = [];
    for (let index = 0; index < count; index++) items.push(read());
    return items;
  }

  end(): void {
    if (this.remaining > 0) throw malformed("goes on after its end");
  }
}

function malformed(what: string): PresyncError {
  return new PresyncError("malformed", `an object in the bucket ${what}`);
}
