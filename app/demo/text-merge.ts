/**
 * A text field and a collaborative text meet here. A field reports what it holds, not what was done to it; and
 * while the user composes a character with an input method, others' changes cannot be put into the field. So what
 * was done is worked out from before and after, and then done to the text as it is by now.
 */

/** `text` with everything from `start` to `end` replaced by `insert`. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly insert: string;
}

/** The smallest single replacement that makes `after` out of `before`. */
export function editBetween(before: string, after: string): Edit {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  if (splitsCharacter(before, start) || splitsCharacter(after, start)) start--;
  let tail = 0;
  while (tail < shorter - start && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  if (splitsCharacter(before, before.length - tail) || splitsCharacter(after, after.length - tail))
    tail--;
  return { start, end: before.length - tail, insert: after.slice(start, after.length - tail) };
}

/** Where a position in the text before the edit lies afterwards. */
export function mapPosition(edit: Edit, position: number): number {
  if (position <= edit.start) return position;
  if (position >= edit.end) return position + edit.insert.length - (edit.end - edit.start);
  return edit.start + edit.insert.length;
}

/** What became of `base` where one side made `mine` out of it and the other `theirs`. */
export function mergeTexts(base: string, mine: string, theirs: string): string {
  if (base === theirs) return mine;
  const edit = editBetween(base, mine);
  const other = editBetween(base, theirs);
  const start = mapPosition(other, edit.start);
  const end = mapPosition(other, edit.end);
  return theirs.slice(0, start) + edit.insert + theirs.slice(Math.max(start, end));
}

/** Whether the position lies between the two halves of a character beyond the basic plane. */
function splitsCharacter(text: string, position: number): boolean {
  return (
    /[\uD800-\uDBFF]/.test(text.charAt(position - 1)) &&
    /[\uDC00-\uDFFF]/.test(text.charAt(position))
  );
}
