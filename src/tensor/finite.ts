/**
 * The first element of a float32 vector that is not finite. Looks at bits: a float32 is NaN or infinite when all eight bits
 * of its exponent are set; adding one to the exponent then carries into the sign bit, which OR collects over a block without
 * a branch. Only a block that has one is searched.
 */
const BLOCK_ELEMENTS = 4096;
const MAGNITUDE = 0x7fffffff;
const EXPONENT_ONE = 0x00800000;

/**
 * @param bits the vector's memory as 32-bit integers
 * @param from first element to look at
 * @param to one past the last
 * @returns the element's index, or -1
 */
export function firstNonFinite(bits: Int32Array, from: number, to: number): number {
  for (let start = from; start < to; start += BLOCK_ELEMENTS) {
    const end = Math.min(start + BLOCK_ELEMENTS, to);
    // Four at a time and apart, so that no addition waits for the one before.
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let at = start;
    for (; at + 4 <= end; at += 4) {
      a |= (bits[at]! & MAGNITUDE) + EXPONENT_ONE;
      b |= (bits[at + 1]! & MAGNITUDE) + EXPONENT_ONE;
      c |= (bits[at + 2]! & MAGNITUDE) + EXPONENT_ONE;
      d |= (bits[at + 3]! & MAGNITUDE) + EXPONENT_ONE;
    }
    for (; at < end; at++) a |= (bits[at]! & MAGNITUDE) + EXPONENT_ONE;
    if ((a | b | c | d) >= 0) continue;
    for (let i = start; i < end; i++) if ((((bits[i]! & MAGNITUDE) + EXPONENT_ONE) | 0) < 0) return i;
  }
  return -1;
}

/** The vector's own memory, as the integers that `firstNonFinite` looks at. */
export function bitsOf(vector: Float32Array): Int32Array {
  return new Int32Array(vector.buffer, vector.byteOffset, vector.length);
}
