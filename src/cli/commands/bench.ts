/** `tardigrad bench`: this machine's figures in one run, each as a median of interleaved runs with its spread. */
import { availableParallelism, cpus } from 'node:os';
import { Command, Option } from 'commander';
import { benchExchange, type ExchangeCase } from '../bench/exchange-bench.ts';
import { runExchangeLoad, type ExchangeLoadOptions } from '../bench/exchange-load.ts';
import { benchKernels } from '../bench/kernel-bench.ts';
import { ELSEWHERE } from '../bench/peers.ts';
import { startProcess } from '../bench/bench-processes.ts';
import { spreadOf, type Figure } from '../bench/statistics.ts';
import { runStepLoad, type StepLoadOptions, type StepLoadResult } from '../bench/step-load.ts';
import { benchTraining, type TrainingResult } from '../bench/training-bench.ts';
import { tensorFlowEnvironment, type BackendName } from '../../compute/backends.ts';
import { errorMessage } from '../../errors.ts';
import { collectWithoutMarking } from '../process-memory.ts';
import { wholeNumber } from './options.ts';

const MLP_ELEMENTS = 101_770;
const ELEMENTS_16_MB = 4_000_000;
const ELEMENTS_100_MB = 25_000_000;
const BATCH = 64;

interface BenchFlags {
  readonly runs: number;
  readonly only?: string;
  readonly json?: boolean;
}

export function benchCommand(): Command {
  return new Command('bench')
    .description(
      'Measures this machine: kernels, training steps, exchanges between processes, whole runs. Takes some minutes; let it be alone.',
    )
    .addOption(new Option('--runs <n>', 'runs of each figure, interleaved').argParser(wholeNumber).default(3))
    .addOption(new Option('--only <group>', 'one group of figures').choices(['kernels', 'steps', 'exchange', 'training']))
    .option('--json', 'one JSON document on stdout instead of a table')
    .action(async (flags: BenchFlags) => {
      const figures: Figure[] = [];
      const groups = { kernels: benchKernels, steps: benchSteps, exchange: benchExchanges, training: benchRuns };
      for (const [name, group] of Object.entries(groups)) {
        if (flags.only !== undefined && flags.only !== name) continue;
        process.stderr.write(`bench: ${name} …\n`);
        figures.push(...(await group(flags.runs)));
      }
      const machine = {
        cores: availableParallelism(),
        cpu: cpus()[0]?.model ?? '',
        node: process.version,
        date: new Date().toISOString().slice(0, 10),
      };
      process.stdout.write(flags.json === true ? `${JSON.stringify({ machine, figures }, undefined, 2)}\n` : table(machine, figures));
    });
}

/** Run by `bench` as processes of their own; not for people. */
export function benchLoadCommands(): Command[] {
  return [
    new Command('exchange-load')
      .argument('<options>')
      .action((text: string) => say(() => runExchangeLoad(JSON.parse(text) as ExchangeLoadOptions))),
    new Command('step-load').argument('<options>').action((text: string) => say(() => runStepLoad(JSON.parse(text) as StepLoadOptions))),
  ];
}

/** One line of JSON and the end, whatever is still open. */
async function say(measure: () => Promise<unknown>): Promise<never> {
  collectWithoutMarking(); // as the roles do
  try {
    process.stdout.write(`${JSON.stringify(await measure())}\n`);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${errorMessage(error)}\n`);
    process.exit(1);
  }
}

// ---- steps

async function benchSteps(runs: number): Promise<Figure[]> {
  // A worker beside others has one thread, one alone has them all.
  const cores = availableParallelism();
  const cases: { backend: BackendName; model: 'mlp' | 'cnn'; threads: number; steps: number; elsewhere?: string }[] = [
    ...[...new Set([1, cores])].flatMap((threads) => [
      { backend: 'tensorflow' as const, model: 'mlp' as const, threads, steps: 200, elsewhere: ELSEWHERE.mlpStep },
      { backend: 'tensorflow' as const, model: 'cnn' as const, threads, steps: 20, elsewhere: ELSEWHERE.cnnStep },
    ]),
    { backend: 'wasm', model: 'mlp', threads: 1, steps: 50 },
    { backend: 'cpu', model: 'mlp', threads: 1, steps: 10 },
  ];
  const figures: Figure[] = [];
  for (const { backend, model, threads, steps, elsewhere } of cases) {
    const eager: number[] = [];
    const captured: number[] = [];
    let why = '';
    for (let run = 0; run < runs; run += 1) {
      const options: StepLoadOptions = { backend, threads, model: { name: model }, batchSize: BATCH, steps };
      const { firstLine, output } = startProcess(['step-load', JSON.stringify(options)], tensorFlowEnvironment(threads));
      const result = JSON.parse(await firstLine) as StepLoadResult;
      await output;
      if (result.eager.length > 0) eager.push(spreadOf(result.eager).median);
      if (result.captured.length > 0) captured.push(spreadOf(result.captured).median);
      why = result.why;
    }
    const figure = (kind: string, values: readonly number[]): void => {
      if (values.length === 0) return;
      const name = `${model} step, batch ${BATCH}, ${backend}, ${threads === 1 ? '1 thread' : `${threads} threads`}, ${kind}`;
      figures.push({ group: 'steps', name, unit: 'ms', value: spreadOf(values), ...(elsewhere === undefined ? {} : { elsewhere }) });
    };
    figure('eager', eager);
    figure('captured', captured);
    if (why !== '') process.stderr.write(`bench: ${model} on ${backend}: ${why}\n`);
  }
  return figures;
}

// ---- exchange

async function benchExchanges(runs: number): Promise<Figure[]> {
  interface Row extends ExchangeCase {
    readonly name: string;
    readonly unit: 'GB/s' | 'exchanges/s';
    readonly elsewhere?: string;
    readonly aim?: string;
    readonly values: number[];
  }
  const rows: Row[] = [];
  const add = (row: Omit<Row, 'values'>): void => {
    rows.push({ ...row, values: [] });
  };
  const raw = 'at least 1.1 each way';
  for (const [servers, workers] of [
    [1, 1],
    [2, 2],
  ] as const) {
    const at = `${servers} x ${workers}`;
    const one = servers === 1;
    const size = { elements: ELEMENTS_16_MB, servers, workers, unit: 'GB/s' as const };
    add({ ...size, mode: 'pull', name: `pull 16 MB, ${at}`, ...(one ? { elsewhere: ELSEWHERE.pull16At1x1, aim: raw } : {}) });
    add({ ...size, mode: 'push', name: `push 16 MB, ${at}`, ...(one ? { elsewhere: ELSEWHERE.push16At1x1, aim: raw } : {}) });
    add({ ...size, mode: 'both', name: `pull and push 16 MB, ${at}`, elsewhere: one ? ELSEWHERE.both16At1x1 : ELSEWHERE.both16At2x2 });
    add({
      ...size,
      elements: ELEMENTS_100_MB,
      mode: 'both',
      name: `pull and push 100 MB, ${at}`,
      ...(one ? {} : { elsewhere: ELSEWHERE.both100At2x2 }),
    });
    add({ ...size, elements: MLP_ELEMENTS, mode: 'both', unit: 'exchanges/s', name: `pull and push 0.4 MB, ${at}` });
  }
  for (let run = 0; run < runs; run += 1) {
    for (const row of rows) {
      const result = await benchExchange(row, { warmupMs: 500, measureMs: 2_000 });
      row.values.push(row.unit === 'GB/s' ? result.gigabytesPerSecond : result.exchangesPerSecond);
    }
  }
  return rows.map(({ name, unit, values, elsewhere, aim }) => ({
    group: 'exchange',
    name,
    unit,
    value: spreadOf(values),
    ...(elsewhere === undefined ? {} : { elsewhere }),
    ...(aim === undefined ? {} : { aim }),
  }));
}

// ---- training

/** Where the time of a small step goes. */
const PARTS = { data: 'reading data', compute: 'computing', exchange: 'exchange', waiting: 'waiting' } as const;

async function benchRuns(runs: number): Promise<Figure[]> {
  const cases = [
    // Long enough that the compilers' work, some seconds of it, is not most of what is measured.
    {
      name: 'mlp',
      example: 'mnist-mlp',
      flags: ['--epochs', '20', '--max-updates', '8000'],
      elsewhere: ELSEWHERE.mlpUpdates,
      aim: 'at least 600',
    },
    { name: 'cnn', example: 'mnist-cnn', flags: ['--max-updates', '800'], elsewhere: ELSEWHERE.cnnUpdates, aim: 'at least 22' },
    { name: 'mlp, asp', example: 'mnist-mlp', flags: ['--max-updates', '2000', '--policy', 'asp'] },
    { name: 'mlp, bsp', example: 'mnist-mlp', flags: ['--max-updates', '1000', '--policy', 'bsp'] },
  ];
  const results = new Map<string, TrainingResult[]>(cases.map(({ name }) => [name, []]));
  for (let run = 0; run < runs; run += 1) {
    for (const { name, example, flags } of cases)
      results.get(name)?.push(await benchTraining(example, [...flags, '--workers', '2', '--shards', '2']));
  }
  const figures: Figure[] = [];
  const firstUpdates: number[] = [];
  for (const { name, elsewhere, aim } of cases) {
    const values = results.get(name) ?? [];
    const compared = name.includes(',');
    figures.push({
      group: 'training',
      name: `${name}, batch ${BATCH}, 2 x 2`,
      unit: compared ? 'samples/s' : 'updates/s',
      value: spreadOf(values.map(({ samplesPerSecond, updatesPerSecond }) => (compared ? samplesPerSecond : updatesPerSecond))),
      ...(elsewhere === undefined ? {} : { elsewhere }),
      ...(aim === undefined ? {} : { aim }),
    });
    firstUpdates.push(...values.map(({ firstUpdateSeconds }) => firstUpdateSeconds));
  }
  const mlp = results.get('mlp') ?? [];
  for (const part of ['data', 'compute', 'exchange', 'waiting'] as const) {
    const name = `mlp, of a worker's step: ${PARTS[part]}`;
    figures.push({ group: 'training', name, unit: 'ms', value: spreadOf(mlp.map(({ stepMs }) => stepMs[part])) });
  }
  figures.push({
    group: 'training',
    name: 'start to first update',
    unit: 's',
    value: spreadOf(firstUpdates),
    elsewhere: ELSEWHERE.firstUpdate,
    aim: 'at most 3',
  });
  return figures;
}

// ---- table

function table(machine: Readonly<Record<string, string | number>>, figures: readonly Figure[]): string {
  const number = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
  const rows = figures.map(({ name, unit, value, elsewhere, aim }) => [
    name,
    `${number(value.median)} ${unit}`,
    `${number(value.min)} – ${number(value.max)}`,
    String(value.runs),
    aim ?? '',
    elsewhere ?? '',
  ]);
  const head = ['figure', 'median', 'spread', 'runs', 'aim', 'others, taken elsewhere'];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const facts = Object.entries(machine).map(([name, value]) => `${name} ${value}`);
  return `${[facts.join(', '), '', line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')}\n`;
}
