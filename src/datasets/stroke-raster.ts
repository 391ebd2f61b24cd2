/**
 * Turns a pen's path into pixels.
 *
 * A smooth curve through the stroke's points is cut into short straight pieces, each pixel keeps its distance to the nearest
 * piece, and the distance becomes ink: full inside the pen's radius, none beyond it, a soft edge between. Only + - * / and
 * sqrt are used, each of which rounds the same on every machine, so the pixels do too.
 */
import { assert } from '../errors.ts';

/** Straight pieces for each span between two points: at 28 pixels, five are smoother than a pixel shows. */
const PIECES_IN_SPAN = 5;

/** A pen's path as straight pieces, in a buffer that is used again for every path. */
export class Path {
  /** x0, y0, x1, y1 of each piece. */
  readonly pieces: Float64Array;
  pieceCount = 0;

  constructor(pieceCountMax: number) {
    this.pieces = new Float64Array(pieceCountMax * 4);
  }

  clear(): void {
    this.pieceCount = 0;
  }

  line(x0: number, y0: number, x1: number, y1: number): void {
    const at = this.pieceCount * 4;
    assert(at < this.pieces.length, `a path of more than ${this.pieces.length / 4} pieces`);
    this.pieces[at] = x0;
    this.pieces[at + 1] = y0;
    this.pieces[at + 2] = x1;
    this.pieces[at + 3] = y1;
    this.pieceCount++;
  }

  /**
   * A curve through `count` points (x, y, x, y, …) of `points` from point `first` on: a uniform Catmull-Rom spline. At its ends
   * it leaves straight, or, when `closed`, runs on as if the last point met the first.
   */
  curve(points: Float64Array, first: number, count: number, closed: boolean): void {
    const last = first + count - 1;
    const x = (index: number) => points[index * 2]!;
    const y = (index: number) => points[index * 2 + 1]!;
    for (let i = first; i < last; i++) {
      const before = i > first ? i - 1 : closed ? last - 1 : -1;
      const after = i + 1 < last ? i + 2 : closed ? first + 1 : -1;
      const ax = before < 0 ? 2 * x(i) - x(i + 1) : x(before);
      const ay = before < 0 ? 2 * y(i) - y(i + 1) : y(before);
      const dx = after < 0 ? 2 * x(i + 1) - x(i) : x(after);
      const dy = after < 0 ? 2 * y(i + 1) - y(i) : y(after);
      let fromX = x(i);
      let fromY = y(i);
      for (let piece = 1; piece <= PIECES_IN_SPAN; piece++) {
        const t = piece / PIECES_IN_SPAN;
        const toX = catmullRom(ax, x(i), x(i + 1), dx, t);
        const toY = catmullRom(ay, y(i), y(i + 1), dy, t);
        this.line(fromX, fromY, toX, toY);
        fromX = toX;
        fromY = toY;
      }
    }
  }
}

function catmullRom(a: number, b: number, c: number, d: number, t: number): number {
  return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

/**
 * Lays a path's ink on a square of `side` x `side` pixels (centres at whole numbers): where the new ink is darker than what
 * lies there, it replaces it, so that strokes that cross don't add up.
 * @param ink 0 … 1 for each pixel, changed in place.
 * @param nearest scratch of the same length.
 */
export function drawPath(
  path: Path,
  ink: Float64Array,
  nearest: Float64Array,
  pen: { readonly side: number; readonly radius: number; readonly softness: number; readonly darkness: number },
): void {
  const { side, radius, softness, darkness } = pen;
  const reach = radius + softness / 2;
  nearest.fill(reach * reach);
  for (let piece = 0; piece < path.pieceCount; piece++) markNearest(path.pieces, piece * 4, nearest, side, reach);
  for (let pixel = 0; pixel < ink.length; pixel++) {
    const squared = nearest[pixel]!;
    if (squared >= reach * reach) continue;
    const edge = (reach - Math.sqrt(squared)) / softness;
    const value = darkness * (edge < 1 ? edge : 1);
    if (value > ink[pixel]!) ink[pixel] = value;
  }
}

/** Lowers each pixel's squared distance to that of the piece at `at`, within `reach` of it. */
function markNearest(pieces: Float64Array, at: number, nearest: Float64Array, side: number, reach: number): void {
  const x0 = pieces[at]!;
  const y0 = pieces[at + 1]!;
  const dx = pieces[at + 2]! - x0;
  const dy = pieces[at + 3]! - y0;
  const lengthSquared = dx * dx + dy * dy;
  const inverse = lengthSquared > 0 ? 1 / lengthSquared : 0;
  const left = Math.max(0, Math.ceil((dx < 0 ? x0 + dx : x0) - reach));
  const right = Math.min(side - 1, Math.floor((dx < 0 ? x0 : x0 + dx) + reach));
  const top = Math.max(0, Math.ceil((dy < 0 ? y0 + dy : y0) - reach));
  const bottom = Math.min(side - 1, Math.floor((dy < 0 ? y0 : y0 + dy) + reach));
  for (let row = top; row <= bottom; row++) {
    const py = row - y0;
    for (let column = left; column <= right; column++) {
      const px = column - x0;
      let along = (px * dx + py * dy) * inverse;
      if (along < 0) along = 0;
      else if (along > 1) along = 1;
      const ex = px - along * dx;
      const ey = py - along * dy;
      const squared = ex * ex + ey * ey;
      const pixel = row * side + column;
      if (squared < nearest[pixel]!) nearest[pixel] = squared;
    }
  }
}
