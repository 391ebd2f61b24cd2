/**
 * Sequential training of one vector, written from the formulas alone: no shards, no kernels, no versions. A float32
 * register is a cell that rounds what is stored in it.
 */
import { cos } from '../../src/fixed-math.ts';

const cell = new Float32Array(1);

function f32(value: number): number {
  cell[0] = value;
  return cell[0];
}

export interface Settings {
  readonly name: string;
  readonly learningRate: number;
  readonly momentum?: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly decay?: number;
  readonly epsilon?: number;
  readonly weightDecay?: number;
  readonly weightDecayMode?: 'coupled' | 'decoupled';
  readonly clipByValue?: number;
  readonly schedule?: Schedule;
}

export interface Schedule {
  readonly name: 'constant' | 'step' | 'cosine';
  readonly warmupUpdates?: number;
  readonly everyUpdates?: number;
  readonly factor?: number;
  readonly totalUpdates?: number;
  readonly floor?: number;
}

/** How one weight moves: the state is its own two registers. */
type Move = (g: number, state: { a: number; b: number }, rate: number, step: number) => number;

const moves: Record<string, (settings: Settings) => Move> = {
  sgd: () => (g, _state, rate) => f32(f32(rate) * g),
  momentum:
    ({ momentum = 0.9 }) =>
    (g, state, rate) => {
      state.a = f32(f32(f32(momentum) * state.a) + g);
      return f32(f32(rate) * state.a);
    },
  nesterov:
    ({ momentum = 0.9 }) =>
    (g, state, rate) => {
      state.a = f32(f32(f32(momentum) * state.a) + g);
      return f32(f32(rate) * f32(g + f32(f32(momentum) * state.a)));
    },
  adagrad:
    ({ epsilon = 1e-10 }) =>
    (g, state, rate) => {
      state.a = f32(state.a + f32(g * g));
      return f32(f32(f32(rate) * g) / f32(f32(Math.sqrt(state.a)) + f32(epsilon)));
    },
  rmsprop:
    ({ decay = 0.99, epsilon = 1e-8 }) =>
    (g, state, rate) => {
      state.a = f32(f32(f32(decay) * state.a) + f32(f32(f32(1 - decay) * g) * g));
      return f32(f32(f32(rate) * g) / f32(f32(Math.sqrt(state.a)) + f32(epsilon)));
    },
  adam: adamMove,
  adamw: adamMove,
};

function adamMove({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: Settings): Move {
  return (g, state, rate, step) => {
    state.a = f32(f32(f32(beta1) * state.a) + f32(f32(1 - beta1) * g));
    state.b = f32(f32(f32(beta2) * state.b) + f32(f32(f32(1 - beta2) * g) * g));
    const stepSize = f32(rate / (1 - power(beta1, step)));
    const root = f32(f32(f32(Math.sqrt(state.b)) / f32(Math.sqrt(1 - power(beta2, step)))) + f32(epsilon));
    return f32(f32(stepSize * state.a) / root);
  };
}

/** By halving the exponent. */
function power(base: number, n: number): number {
  if (n === 0) return 1;
  if (n === 1) return base;
  const half = power(base, (n - (n % 2)) / 2);
  return n % 2 === 0 ? half * half : half * half * base;
}

/** @param done updates before this one */
function factorAt(schedule: Schedule, done: number): number {
  const { warmupUpdates = 0, everyUpdates = 1, factor = 0.1, totalUpdates = 1, floor = 0 } = schedule;
  const warm = done + 1 < warmupUpdates ? (done + 1) / warmupUpdates : 1;
  if (schedule.name === 'step') return warm * power(factor, Math.floor(done / everyUpdates));
  if (schedule.name === 'cosine') return warm * (floor + (1 - floor) * ((1 + cos(Math.PI * Math.min(1, done / totalUpdates))) / 2));
  return warm;
}

/**
 * @param gradient of batch `step` at the weights `x`; it may not keep them
 * @returns the weights after `steps` updates
 */
export function trainSequentially(
  first: Float32Array,
  steps: number,
  settings: Settings,
  gradient: (step: number, x: Float32Array) => Float32Array,
): Float32Array {
  const x = first.slice();
  const states = Array.from(x, () => ({ a: 0, b: 0 }));
  const move = moves[settings.name]!(settings);
  const { clipByValue, learningRate, schedule = { name: 'constant' } } = settings;
  const decay = settings.weightDecay ?? (settings.name === 'adamw' ? 0.01 : 0);
  const decoupled = settings.weightDecayMode === 'decoupled' || settings.name === 'adamw';
  for (let step = 0; step < steps; step += 1) {
    const rate = learningRate * factorAt(schedule, step);
    const g = gradient(step, x);
    for (let i = 0; i < x.length; i += 1) {
      let gi = g[i]!;
      if (clipByValue !== undefined) gi = Math.min(Math.max(gi, -f32(clipByValue)), f32(clipByValue));
      if (decay > 0 && decoupled) x[i] = f32(x[i]! * f32(1 - rate * decay));
      if (decay > 0 && !decoupled) gi = f32(gi + f32(f32(decay) * x[i]!));
      x[i] = f32(x[i]! - move(gi, states[i]!, rate, step + 1));
    }
  }
  return x;
}
