/**
 * How a hand may write each digit, as the path of a pen.
 *
 * A glyph is one or more strokes; a stroke is a run of points `x,y` that a smooth curve passes through, in hundredths of a box
 * with x to the right and y down. At a corner (`!`) the pen turns sharply: the curve ends there and a new one begins at the same
 * point. Each digit has several glyphs, because a class that is one shape is learned by a template, and a data set that
 * templates can learn tells nothing about a network.
 */

export interface GlyphPoint {
  /** 0 … 1 from left to right. */
  readonly x: number;
  /** 0 … 1 from top to bottom. */
  readonly y: number;
  readonly corner: boolean;
}
export type GlyphStroke = readonly GlyphPoint[];
export type Glyph = readonly GlyphStroke[];

/** For each digit its ways of being written. */
const PATHS: readonly (readonly (readonly string[])[])[] = [
  // 0
  [
    ['50,0 14,20 0,50 14,82 50,100 86,82 100,50 86,20 50,0'],
    ['66,6 30,6 4,42 12,82 50,100 88,74 96,34 70,4 40,10'],
    ['58,0 30,20 18,60 32,96 60,94 80,55 80,18 58,0'],
  ],
  // 1
  [['50,0 50,50 50,100'], ['22,24 42,12 56,0! 55,50 54,100'], ['20,26 38,14 52,0! 52,50 52,100', '18,100 50,99 86,100']],
  // 2
  [
    ['5,26 24,4 62,0 92,24 76,54 38,78 2,100! 50,99 100,100'],
    ['6,24 36,0 82,16 76,52 34,90 6,98 8,80 36,84 66,98 100,90'],
    ['12,12 50,0 88,16 86,42 50,70 6,96! 40,90 70,100 98,92'],
  ],
  // 3
  [
    ['5,14 44,0 88,18 74,42 36,48! 80,54 97,78 60,100 22,98 0,86'],
    ['6,2 48,3 90,2! 66,22 42,42! 84,50 96,76 58,100 2,90'],
    ['10,8 50,0 84,20 66,42 46,46 74,52 94,74 66,98 6,98'],
  ],
  // 4
  [
    ['26,0 16,30 4,58! 50,59 96,57', '72,20 70,60 68,100'],
    ['70,100 70,50 70,0! 34,36 0,68! 50,69 100,68'],
    ['10,0 4,32 20,52 50,54 82,44', '86,0 82,50 76,100'],
  ],
  // 5
  [
    ['92,0 56,1 20,0! 16,22 12,46! 54,38 95,62 76,94 36,100 0,88'],
    ['22,6 18,24 14,42 60,42 93,68 62,98 4,92', '22,4 60,2 94,0'],
    ['92,6 46,3 12,20 30,42 76,52 93,76 60,98 4,90'],
  ],
  // 6
  [
    ['80,0 36,24 6,64 24,96 64,100 90,76 70,53 36,56 12,76'],
    ['46,0 18,36 8,72 36,100 82,90 88,64 52,50 14,68'],
    ['90,6 50,10 14,46 8,80 44,100 86,82 66,52 28,56 10,70'],
  ],
  // 7
  [['0,3 50,2 100,2! 68,50 42,100'], ['2,2 50,3 96,2! 70,50 40,100', '26,50 56,49 90,48'], ['2,22 3,12 6,2! 50,4 96,2! 64,44 50,100']],
  // 8
  [
    ['84,14 50,0 16,16 38,44 84,70 74,95 40,100 12,82 30,56 64,38 84,14'],
    ['50,0 20,10 20,34 50,46 80,34 80,10 50,0', '50,46 12,60 8,86 50,100 92,86 88,60 50,46'],
    ['90,6 54,0 20,14 32,40 74,60 82,86 50,100 20,84 36,56 68,36 86,10'],
  ],
  // 9
  [
    ['88,18 54,0 12,16 12,42 46,55 82,40 90,16! 88,60 76,100'],
    ['84,22 50,0 10,20 22,48 58,50 84,22! 85,60 84,100'],
    ['88,24 60,0 16,12 16,42 56,52 88,26 88,66 60,98 14,92'],
  ],
];

function parseStroke(path: string): GlyphStroke {
  return path.split(' ').map((point) => {
    const [x, y] = point.replace('!', '').split(',').map(Number);
    return { x: x! / 100, y: y! / 100, corner: point.endsWith('!') };
  });
}

/** glyphs[digit] = its ways of being written. */
export const glyphs: readonly (readonly Glyph[])[] = PATHS.map((ways) => ways.map((strokes) => strokes.map(parseStroke)));
