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
    let collected = 0;
    for (let i = start; i < end; i++) collected |= (bits[i]! & MAGNITUDE) + EXPONENT_ONE;
    if (collected >= 0) continue;
    for (let i = start; i < end; i++) if ((((bits[i]! & MAGNITUDE) + EXPONENT_ONE) | 0) < 0) return i;
  }
  return -1;
}
