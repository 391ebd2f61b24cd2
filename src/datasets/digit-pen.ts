/**
 * Writes one digit by hand, in a manner of speaking: picks one of its glyphs, lets the hand shake (every point moves a little),
 * bends, slants, turns, stretches and shifts the whole, random it with some pen at some darkness, and spoils the paper with stray
 * marks and grain.
 *
 * The ranges are chosen so that a linear classifier, which sees each pixel alone, loses what a convolution keeps: a stroke
 * that moved, turned or grew.
 */
import type { Random } from '../random.ts';
import type { Glyph, GlyphPoint } from './digit-glyphs.ts';
import { drawPath, Path } from './stroke-raster.ts';

export const SIDE = 28;
const PIXELS = SIDE * SIDE;
const CENTRE = (SIDE - 1) / 2;

/** What one hand varies, as [least, most]; lengths in pixels unless said. */
const HEIGHT = [14, 21] as const;
const WIDTH_OF_HEIGHT = [0.5, 0.86] as const;
/** Tangent of half the angle turned: +-0.16 is +-18 degrees. */
const HALF_TURN = [-0.16, 0.16] as const;
const SLANT = [-0.28, 0.28] as const;
/** Of the glyph's box. */
const SHAKE = [-0.045, 0.045] as const;
const BEND = [-0.14, 0.14] as const;
const SHIFT = [-3.2, 3.2] as const;
const PEN_RADIUS = [0.75, 1.5] as const;
const PEN_SOFTNESS = [0.8, 1.5] as const;
const DARKNESS = [0.62, 1] as const;
const GRAIN = [0.01, 0.11] as const;
const MARK_CHANCE = 0.45;
const MARK_COUNT_MAX = 2;
const MARK_LENGTH = [2, 6] as const;
const MARK_DARKNESS = [0.25, 0.7] as const;

const POINTS_MAX = 64;
const PIECES_MAX = 256;

function between(random: Random, [least, most]: readonly [number, number]): number {
  return random.uniformBetween(least, most);
}

export class DigitPen {
  readonly #points = new Float64Array(POINTS_MAX * 2);
  readonly #path = new Path(PIECES_MAX);
  readonly #ink = new Float64Array(PIXELS);
  readonly #nearest = new Float64Array(PIXELS);

  /** Writes `glyph` into the 28 x 28 bytes of `image`, white (255) on black. */
  write(glyph: Glyph, random: Random, image: Uint8Array): void {
    this.#ink.fill(0);
    this.#place(glyph, random);
    drawPath(this.#path, this.#ink, this.#nearest, {
      side: SIDE,
      radius: between(random, PEN_RADIUS),
      softness: between(random, PEN_SOFTNESS),
      darkness: between(random, DARKNESS),
    });
    if (random.uniform() < MARK_CHANCE) this.#strayMarks(random);
    expose(this.#ink, between(random, GRAIN), random, image);
  }

  /** The glyph's points under this sample's hand, as a path on the canvas. */
  #place(glyph: Glyph, random: Random): void {
    const points = this.#points;
    const count = shake(glyph, random, points);
    const height = between(random, HEIGHT);
    const width = height * between(random, WIDTH_OF_HEIGHT);
    transform(points, count, random, width, height);
    centre(points, count, between(random, SHIFT), between(random, SHIFT));
    this.#path.clear();
    let first = 0;
    for (const stroke of glyph) {
      this.#stroke(stroke, first);
      first += stroke.length;
    }
  }

  #stroke(stroke: readonly GlyphPoint[], first: number): void {
    let start = 0;
    for (let i = 1; i < stroke.length; i++) {
      const ends = i === stroke.length - 1;
      if (!ends && !stroke[i]!.corner) continue;
      this.#path.curve(this.#points, first + start, i - start + 1, ends && start === 0 && isClosed(stroke));
      start = i;
    }
  }

  #strayMarks(random: Random): void {
    const count = 1 + random.integer(MARK_COUNT_MAX);
    for (let mark = 0; mark < count; mark++) {
      const x = random.uniform() * (SIDE - 1);
      const y = random.uniform() * (SIDE - 1);
      const length = between(random, MARK_LENGTH);
      this.#path.clear();
      this.#path.line(x, y, x + length * (2 * random.uniform() - 1), y + length * (2 * random.uniform() - 1));
      drawPath(this.#path, this.#ink, this.#nearest, {
        side: SIDE,
        radius: 0.5 + 0.6 * random.uniform(),
        softness: 1,
        darkness: between(random, MARK_DARKNESS),
      });
    }
  }
}

function isClosed(stroke: readonly GlyphPoint[]): boolean {
  const first = stroke[0]!;
  const last = stroke[stroke.length - 1]!;
  return first.x === last.x && first.y === last.y;
}

/** Copies the glyph's points, each moved a little, to the box's middle as origin; returns how many. */
function shake(glyph: Glyph, random: Random, points: Float64Array): number {
  let count = 0;
  for (const stroke of glyph) {
    for (const { x, y } of stroke) {
      points[count * 2] = x - 0.5 + between(random, SHAKE);
      points[count * 2 + 1] = y - 0.5 + between(random, SHAKE);
      count++;
    }
  }
  return count;
}

/** Bend, stretch to size, slant, turn. The turn is given by t = tan(angle / 2), which needs no sine or cosine. */
function transform(points: Float64Array, count: number, random: Random, width: number, height: number): void {
  const bendX = between(random, BEND);
  const bendY = between(random, BEND);
  const slant = between(random, SLANT);
  const t = between(random, HALF_TURN);
  const cosine = (1 - t * t) / (1 + t * t);
  const sine = (2 * t) / (1 + t * t);
  for (let i = 0; i < count; i++) {
    const u = points[i * 2]!;
    const v = points[i * 2 + 1]!;
    const y = (v + bendY * (4 * u * u - 1) * 0.5) * height;
    const x = (u + bendX * (4 * v * v - 1)) * width - slant * y;
    points[i * 2] = cosine * x - sine * y;
    points[i * 2 + 1] = sine * x + cosine * y;
  }
}

/** Moves the points so that the middle of their bounding box lies at the canvas's centre plus the shift, cut to keep all in sight. */
function centre(points: Float64Array, count: number, shiftX: number, shiftY: number): void {
  for (let axis = 0; axis < 2; axis++) {
    let least = Infinity;
    let most = -Infinity;
    for (let i = axis; i < count * 2; i += 2) {
      least = Math.min(least, points[i]!);
      most = Math.max(most, points[i]!);
    }
    const slack = Math.max(0, CENTRE - 1 - (most - least) / 2);
    const shift = Math.max(-slack, Math.min(slack, axis === 0 ? shiftX : shiftY));
    const move = CENTRE + shift - (least + most) / 2;
    for (let i = axis; i < count * 2; i += 2) points[i] = points[i]! + move;
  }
}

/** Ink plus grain, as bytes. The sum of two random bytes is bell enough for grain, and one word holds two of them. */
function expose(ink: Float64Array, grain: number, random: Random, image: Uint8Array): void {
  // Two bytes' sum has mean 255 and standard deviation 104.5.
  const scale = (255 * grain) / 104.5;
  for (let pixel = 0; pixel < PIXELS; pixel += 2) {
    const word = random.nextUint32();
    image[pixel] = toByte(255 * ink[pixel]! + scale * ((word & 255) + ((word >>> 8) & 255) - 255));
    image[pixel + 1] = toByte(255 * ink[pixel + 1]! + scale * (((word >>> 16) & 255) + (word >>> 24) - 255));
  }
}

function toByte(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : Math.floor(value + 0.5);
}
