/** `tardigrad doctor`: what this machine has for training, what it lacks, and how to get that here. */
import { Argument, Command } from 'commander';
import { backendNames, type BackendName } from '../../compute/backends.ts';
import { wantsColor } from '../display/display.ts';
import { span, wrapText, type Line } from '../display/styled.ts';
import { trainingIsPossible } from '../doctor/finding.ts';
import { gather, probeBackend } from '../doctor/gather.ts';
import { judge, type MachineFacts } from '../doctor/judge.ts';
import { findingLines, painted, stepTable } from '../doctor/report-text.ts';
import { BENCH_BATCH, timeSteps, type StepTimes } from '../doctor/step-times.ts';

interface DoctorFlags {
  readonly json?: boolean;
  readonly bench?: boolean;
  readonly dataDir?: string;
  readonly runs: string;
}

const COLUMNS_DEFAULT = 80;
/** Longer lines are hard to read. */
const COLUMNS_MAX = 110;

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Says what this machine has for training, what it lacks, and how to get it. Ends with 1 where nothing can train.')
    .option('--bench', 'also times one training step on each backend that loads here; about a minute')
    .option('--data-dir <folder>', 'where data sets are looked for first')
    .option('--runs <folder>', 'where run folders would be made', 'runs')
    .option('--json', 'one JSON document on stdout')
    .action(async (flags: DoctorFlags) => {
      const seen = looking();
      const facts = await gather({ dataDirectory: flags.dataDir, runs: flags.runs });
      seen();
      const findings = judge(facts);
      const possible = trainingIsPossible(findings);
      process.exitCode = possible ? 0 : 1;
      const columns = Math.min(COLUMNS_MAX, process.stdout.columns ?? COLUMNS_DEFAULT);
      const color = wantsColor({ isTTY: process.stdout.isTTY === true, env: process.env });
      const show = (lines: readonly Line[]): void => {
        if (flags.json !== true) process.stdout.write(painted(lines, color));
      };
      show([...findingLines(findings, columns), [], ...verdict(possible, columns)]);
      const bench = flags.bench === true ? await timed(facts) : undefined;
      if (bench !== undefined && bench.length > 0) show([[], [span(heading(facts))], [], ...stepTable(bench, columns)]);
      if (flags.json === true) process.stdout.write(`${JSON.stringify({ possible, findings, ...(bench && { bench }) }, undefined, 2)}\n`);
    });
}

/** Run by `doctor` as processes of their own; not for people. */
export function doctorLoadCommand(): Command {
  return new Command('backend-probe').addArgument(new Argument('<name>').choices(backendNames)).action(async (name: BackendName) => {
    process.stdout.write(`${JSON.stringify(await probeBackend(name))}\n`);
    process.exit(0);
  });
}

/** Loading TensorFlow takes a second or more; nobody looks at an empty screen meanwhile. Returns what takes it back. */
function looking(): () => void {
  if (process.stderr.isTTY !== true) return () => undefined;
  process.stderr.write('Looking at this machine …');
  return () => void process.stderr.write('\r\x1b[K');
}

function verdict(possible: boolean, columns: number): Line[] {
  if (possible) return [[span('Training works here: npm start', 'bold')]];
  return wrapText('Nothing can train here until what is missing above is there.', columns).map((line) => [span(line, 'red')]);
}

async function timed({ backends }: MachineFacts): Promise<StepTimes[]> {
  const loading = backends.filter(({ loads }) => loads).map(({ name }) => name);
  return timeSteps(loading, (line) => process.stderr.write(`${line}\n`));
}

function heading({ cores }: MachineFacts): string {
  return `Milliseconds per training step, batch ${BENCH_BATCH}, median of several, ${cores} ${cores === 1 ? 'thread' : 'threads'}`;
}
