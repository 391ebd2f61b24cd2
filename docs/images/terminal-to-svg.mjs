// Draws what a terminal showed as an SVG, so that the picture in the README can be made again:
//   tmux new-session -d -s shot -x 100 -y 34 'npm start'
//   tmux capture-pane -e -p -t shot | node docs/images/terminal-to-svg.mjs > docs/images/terminal.svg
// Bars and blocks become rectangles, and words get their exact places and widths, so that no font spoils the columns.

import { readFileSync } from 'node:fs';

const cell = { width: 8.4, height: 18 };
const margin = 16;
const background = '#0d1117';
const foreground = '#e6edf3';
/** SGR 31 to 36. */
const colors = { 31: '#ff7b72', 32: '#3fb950', 33: '#d29922', 34: '#58a6ff', 35: '#bc8cff', 36: '#39c5cf' };
const blocks = ' ▁▂▃▄▅▆▇█';
const bars = { '━': 4, '╸': 4, '─': 1.5 };

/** Goes on from line to line: tmux says only what changes. */
let style = { color: foreground, bold: false, dim: false };

/** Runs of text in one style: `{ text, column, color, bold, dim }`. */
function runsOf(line) {
  const runs = [];
  let column = 0;
  // oxlint-disable-next-line no-control-regex -- an escape sequence begins with a control character
  for (const part of line.split(/(\u001b\[[\d;]*m)/)) {
    if (part.startsWith('\u001b')) {
      for (const code of part.slice(2, -1).split(';')) style = styled(Number(code));
      continue;
    }
    for (const text of part.match(/━+|╸|─+|[▁▂▃▄▅▆▇█]+|[^━╸─▁▂▃▄▅▆▇█]+/g) ?? []) {
      // Words apart by more than a space are placed one by one: columns stand, whatever the font's spaces are.
      for (const [words] of text.matchAll(/\S+(?: \S+)*|\s+/g)) {
        if (words.trim() !== '') runs.push({ text: words, column, ...style });
        column += [...words].length;
      }
    }
  }
  return runs;
}

function styled(code) {
  if (code === 0) return { color: foreground, bold: false, dim: false };
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  if (code === 39) return { ...style, color: foreground };
  return { ...style, color: colors[code] ?? style.color };
}

function draw({ text, column, color, bold, dim }, row) {
  const x = margin + column * cell.width;
  const top = margin + row * cell.height;
  const opacity = dim ? ' opacity="0.55"' : '';
  const rectangle = (left, y, width, height) =>
    `<rect x="${left.toFixed(1)}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}" fill="${color}"${opacity}/>`;
  const thickness = bars[text[0]];
  // The half bar is what its name says.
  const cells = text === '╸' ? 0.5 : text.length;
  if (thickness !== undefined) return rectangle(x, top + (cell.height - thickness) / 2, cells * cell.width, thickness);
  if (blocks.includes(text[0]) && text[0] !== ' ') {
    return [...text]
      .map((block, index) => {
        const height = (blocks.indexOf(block) / 8) * (cell.height - 4);
        return rectangle(x + index * cell.width, top + cell.height - 3 - height, cell.width - 0.6, height);
      })
      .join('');
  }
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const weight = bold ? ' font-weight="bold"' : '';
  const width = ([...text].length * cell.width).toFixed(1);
  return `<text x="${x.toFixed(1)}" y="${(top + 13).toFixed(1)}" fill="${color}"${weight}${opacity} textLength="${width}" lengthAdjust="spacingAndGlyphs">${escaped}</text>`;
}

const lines = readFileSync(0, 'utf8').trimEnd().split('\n');
const rows = lines.map((line) => runsOf(line));
const columns = Math.max(...rows.flatMap((runs) => runs.map(({ column, text }) => column + [...text].length)));
const width = Math.ceil(columns * cell.width + 2 * margin);
const height = Math.ceil(lines.length * cell.height + 2 * margin);
const drawn = rows.flatMap((runs, row) => runs.map((run) => draw(run, row)));
process.stdout
  .write(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">
<rect width="${width}" height="${height}" rx="8" fill="${background}"/>
${drawn.join('\n')}
</svg>
`);
