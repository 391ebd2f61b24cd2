/** A promise was broken: what was seen, and where. */
export class Violation extends Error {}

export function check(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new Violation(message());
}
