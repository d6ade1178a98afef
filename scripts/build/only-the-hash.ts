/**
 * fast-sha256 brings with its hash what else can be made of one, in a form that no bundler takes apart: 800 bytes of what
 * ships, twice, that nothing asks for.
 */

const partPatterns = [
  /^\/\/ SHA-256 constants\n.*?\n(?=exports\.Hash = )/ms,
  /^\/\/ Returns SHA256 hash of data\.\n.*?\n(?=exports\.hash = )/ms,
];

/** The module `sha256.js` as an ES module that exports `hash` alone. Throws where it is not what it was. */
export function onlyTheHash(source: string): string {
  const parts = partPatterns.map((pattern) => pattern.exec(source)?.[0]);
  const contents = [...parts, "export { hash };"]
    .join("\n")
    .replaceAll("exports.digestLength", "32")
    .replaceAll("exports.blockSize", "64");
  if (parts.includes(undefined) || contents.includes("exports."))
    throw new Error("fast-sha256 is not what it was");
  return contents;
}
