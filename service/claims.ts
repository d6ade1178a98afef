/** What many may want and one can have: whoever says its name first. */

export interface Claims {
  /** Whether this is the first time within so many seconds. Throws `retry` where nobody can tell now. */
  claim(name: string, seconds: number): Promise<boolean>;
  has(name: string): Promise<boolean>;
}
