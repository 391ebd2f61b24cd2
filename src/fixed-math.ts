/**
 * Logarithm, exponential, whole powers, sine and cosine that give the same bits on every engine.
 *
 * The language leaves Math.log, exp, pow, sin and cos to the engine, and engines differ in the last bit: enough to send a
 * replayed run another way. IEEE 754 fixes + - * / and sqrt exactly, so what is built of these alone, in a fixed order, is
 * fixed too. Each function brings its argument into a small interval, sums a series there, and scales back.
 * Relative error stays below 1e-14 (a few units in the last place), unless a function says otherwise.
 */
import { assert } from './errors.ts';

const bits = new DataView(new ArrayBuffer(8));

/** ln 2 in two parts: the first has 21 trailing zero bits, so that a whole exponent times it is exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const SQRT_HALF = 0.7071067811865476;
const TWO_TO_54 = 18014398509481984;

/** 2^exponent for a normal result: -1022 <= exponent <= 1023. */
function twoTo(exponent: number): number {
  bits.setUint32(0, (exponent + 1023) * 0x100000);
  bits.setUint32(4, 0);
  return bits.getFloat64(0);
}

/** Natural logarithm. NaN below 0, -Infinity at 0. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : Number.NaN;
  if (x === Infinity) return x;
  let exponent = 0;
  if (x < 2.2250738585072014e-308) {
    // Subnormal numbers have no exponent of their own to read.
    x *= TWO_TO_54;
    exponent = -54;
  }
  // x = mantissa * 2^exponent with mantissa in [sqrt(1/2), sqrt(2)).
  bits.setFloat64(0, x);
  const high = bits.getUint32(0);
  exponent += (high >>> 20) - 1022;
  bits.setUint32(0, (high & 0xfffff) | 0x3fe00000);
  let mantissa = bits.getFloat64(0);
  if (mantissa < SQRT_HALF) {
    mantissa *= 2;
    exponent -= 1;
  }
  // log m = 2 artanh(s) = 2 (s + s^3/3 + s^5/5 + ...) with s = (m - 1)/(m + 1), |s| <= 0.172.
  const f = mantissa - 1;
  const s = f / (2 + f);
  const z = s * s;
  let series = 1 / 25;
  for (let k = 23; k >= 3; k -= 2) series = series * z + 1 / k;
  // 2s = f - s f, so the leading term enters with a rounding error of the second order only.
  const small = s * (2 * z * series - f);
  return exponent * LN2_HIGH + (f + (small + exponent * LN2_LOW));
}

/** e^x. Infinity above 709.78, 0 below -745.13. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.782712893384) return Infinity;
  if (x < -745.1332191019412) return 0;
  const k = Math.floor(x / 0.6931471805599453 + 0.5);
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  let series = 1;
  for (let n = 14; n >= 2; n -= 1) series = 1 + (series * r) / n;
  const result = 1 + r * series;
  // Twice by half the exponent: 2^1024 and 2^-1074 cannot be written as one normal factor.
  const half = k > 0 ? Math.floor(k / 2) : Math.ceil(k / 2);
  return result * twoTo(half) * twoTo(k - half);
}

/**
 * base^n for a whole n, by repeated squaring. Relative error at most |n| * 2^-53: squaring doubles the error that is there,
 * so n roundings count. (For a decay such as 0.999^n the power is gone long before the error shows.)
 */
export function powInteger(base: number, n: number): number {
  assert(Number.isSafeInteger(n), `powInteger needs a whole exponent, got ${n}`);
  let rest = n < 0 ? -n : n;
  let factor = base;
  let result = 1;
  while (rest > 0) {
    if (rest % 2 === 1) result *= factor;
    rest = Math.floor(rest / 2);
    if (rest > 0) factor *= factor;
  }
  return n < 0 ? 1 / result : result;
}

/** Largest |x| that sin and cos take: up to here the quarter turns times each part of pi/2 below are exact. */
export const ANGLE_LIMIT = 1_000_000;

/** pi/2 in three parts of 33 bits and a rest. */
const HALF_PI_1 = 1.5707963267341256;
const HALF_PI_2 = 6.077100506303966e-11;
const HALF_PI_3 = 2.0222662487111665e-21;
const HALF_PI_REST = 8.4784276603689e-32;

/** x less the nearest multiple of pi/2, as a sum high + low in [-pi/4, pi/4], and that multiple modulo 4. */
function reduceAngle(x: number): { high: number; low: number; quarter: number } {
  assert(!(Math.abs(x) > ANGLE_LIMIT), `sin and cos take angles up to ${ANGLE_LIMIT}, got ${x}`);
  const n = Math.floor(x / 1.5707963267948966 + 0.5);
  const first = x - n * HALF_PI_1;
  const part = n * HALF_PI_2;
  const second = first - part;
  const lost = first - second - part;
  const low = lost - n * HALF_PI_3 - n * HALF_PI_REST;
  const high = second + low;
  return { high, low: second - high + low, quarter: ((n % 4) + 4) % 4 };
}

/** Taylor series on [-pi/4, pi/4]; low is the part of the angle below the last bit of x. */
function sinSmall(x: number, low: number): number {
  const z = x * x;
  let series = 1;
  for (let n = 18; n >= 4; n -= 2) series = 1 - (series * z) / (n * (n + 1));
  return x - ((x * z * series) / 6 - low * (1 - z / 2));
}

function cosSmall(x: number, low: number): number {
  const z = x * x;
  let series = 1;
  for (let n = 17; n >= 3; n -= 2) series = 1 - (series * z) / (n * (n + 1));
  return 1 - ((z * series) / 2 + low * x);
}

/** Sine of x in radians; |x| <= ANGLE_LIMIT. */
export function sin(x: number): number {
  if (Number.isNaN(x) || x === 0) return x;
  const { high, low, quarter } = reduceAngle(x);
  const value = quarter % 2 === 0 ? sinSmall(high, low) : cosSmall(high, low);
  return quarter >= 2 ? -value : value;
}

/** Cosine of x in radians; |x| <= ANGLE_LIMIT. */
export function cos(x: number): number {
  if (Number.isNaN(x)) return x;
  const { high, low, quarter } = reduceAngle(x);
  const value = quarter % 2 === 0 ? cosSmall(high, low) : sinSmall(high, low);
  return quarter === 1 || quarter === 2 ? -value : value;
}
