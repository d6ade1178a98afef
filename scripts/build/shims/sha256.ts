/** Stands for `@noble/hashes/sha256`: one SHA-256 is enough, and the Repo brings `fast-sha256`. */
export { hash as sha256 } from "fast-sha256";
