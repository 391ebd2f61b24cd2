/**
 * Each optimizer's sequential form for one single weight, written from its formula alone: no vectors, no kernels, no fround.
 * A float32 register is a cell that rounds what is stored in it. The kernels must give these bits.
 */
const cell = new Float32Array(1);

/** Rounds to float32 by storing it. */
function f32(value: number): number {
  cell[0] = value;
  return cell[0];
}

export interface ScalarSettings {
  momentum?: number;
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  decay?: number;
  coupled?: number;
  decoupled?: number;
}

/** Takes the gradients of one weight in order and gives the weight after each. */
export type ScalarOptimizer = (x: number, gradients: readonly number[], rate: number, settings: ScalarSettings) => number[];

function coupledGradient(x: number, gradient: number, settings: ScalarSettings): number {
  return settings.coupled ? f32(gradient + f32(f32(settings.coupled) * x)) : gradient;
}

function shrunk(x: number, rate: number, settings: ScalarSettings): number {
  return settings.decoupled ? f32(x * f32(1 - rate * settings.decoupled)) : x;
}

/** One weight's history, given how one step finds its move. */
function history(move: (g: number, rate: number, step: number) => number): ScalarOptimizer {
  return (first, gradients, rate, settings) => {
    let x = first;
    return gradients.map((gradient, index) => {
      x = shrunk(x, rate, settings);
      x = f32(x - move(coupledGradient(x, gradient, settings), rate, index + 1));
      return x;
    });
  };
}

export const scalarOptimizers: Record<string, (settings: ScalarSettings) => ScalarOptimizer> = {
  sgd: () => history((g, rate) => f32(f32(rate) * g)),

  momentum: ({ momentum = 0.9 }) => {
    let v = 0;
    return history((g, rate) => {
      v = f32(f32(f32(momentum) * v) + g);
      return f32(f32(rate) * v);
    });
  },

  nesterov: ({ momentum = 0.9 }) => {
    let v = 0;
    return history((g, rate) => {
      v = f32(f32(f32(momentum) * v) + g);
      const ahead = f32(g + f32(f32(momentum) * v));
      return f32(f32(rate) * ahead);
    });
  },

  adagrad: ({ epsilon = 1e-10 }) => {
    let s = 0;
    return history((g, rate) => {
      s = f32(s + f32(g * g));
      return f32(f32(f32(rate) * g) / f32(f32(Math.sqrt(s)) + f32(epsilon)));
    });
  },

  rmsprop: ({ decay = 0.99, epsilon = 1e-8 }) => {
    let s = 0;
    return history((g, rate) => {
      s = f32(f32(f32(decay) * s) + f32(f32(f32(1 - decay) * g) * g));
      return f32(f32(f32(rate) * g) / f32(f32(Math.sqrt(s)) + f32(epsilon)));
    });
  },

  adam: scalarAdam,
  adamw: scalarAdam,
};

function scalarAdam({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: ScalarSettings): ScalarOptimizer {
  let m = 0;
  let v = 0;
  return history((g, rate, step) => {
    m = f32(f32(f32(beta1) * m) + f32(f32(1 - beta1) * g));
    v = f32(f32(f32(beta2) * v) + f32(f32(f32(1 - beta2) * g) * g));
    const stepSize = f32(rate / (1 - wholePower(beta1, step)));
    const correctionRoot = f32(Math.sqrt(1 - wholePower(beta2, step)));
    const root = f32(f32(f32(Math.sqrt(v)) / correctionRoot) + f32(epsilon));
    return f32(f32(stepSize * m) / root);
  });
}

/** base^n by halving the exponent: the products of repeated squaring, reached from the other end. */
function wholePower(base: number, n: number): number {
  if (n === 1) return base;
  const even = n - (n % 2);
  const square = wholePower(base, even / 2) * wholePower(base, even / 2);
  return n % 2 === 0 ? square : square * base;
}
