import { describe, expect, it } from 'vitest';
import { describePlacement, gpuEnvironment, placement, usableGpus } from '../../src/cli/gpu-placement.ts';

describe('placement', () => {
  it('is one worker for each GPU unless asked otherwise, and one where there is no GPU', () => {
    expect(placement(['0', '1', '2'])).toEqual(['0', '1', '2']);
    expect(placement([])).toEqual([undefined]);
  });

  it('lets more workers share the GPUs in turn, and fewer take the first ones', () => {
    expect(placement(['0', '1'], 5)).toEqual(['0', '1', '0', '1', '0']);
    expect(placement(['0', '1', '2'], 2)).toEqual(['0', '1']);
  });

  it('gives no device to workers where there is none', () => {
    expect(placement([], 3)).toEqual([undefined, undefined, undefined]);
  });
});

describe('usableGpus', () => {
  it.each([
    [2, undefined, ['0', '1']],
    [0, undefined, []],
    [4, '2,3', ['2', '3']],
    [4, ' GPU-8932f937 , 1', ['GPU-8932f937', '1']],
    // As CUDA reads it: all behind the first that is none is hidden.
    [4, '1,-1,2', ['1']],
    [4, '', []],
    [4, '-1', []],
    // A variable that came along from elsewhere makes no GPU.
    [0, '0,1', []],
  ])('of %d with CUDA_VISIBLE_DEVICES=%j are %j', (count, allowed, names) => {
    expect(usableGpus(count, allowed)).toEqual(names);
  });
});

describe('gpuEnvironment', () => {
  it("shows a worker one GPU, by nvidia-smi's numbers", () => {
    expect(gpuEnvironment('1', {})).toEqual({ CUDA_VISIBLE_DEVICES: '1', CUDA_DEVICE_ORDER: 'PCI_BUS_ID' });
  });

  it('keeps the order of whoever chose GPUs, and says nothing without a GPU', () => {
    expect(gpuEnvironment('3', { CUDA_VISIBLE_DEVICES: '2,3' })).toEqual({ CUDA_VISIBLE_DEVICES: '3' });
    expect(gpuEnvironment('3', { CUDA_DEVICE_ORDER: 'FASTEST_FIRST' })).toEqual({ CUDA_VISIBLE_DEVICES: '3' });
    expect(gpuEnvironment(undefined, {})).toEqual({});
  });
});

describe('describePlacement', () => {
  const H100 = 'NVIDIA H100 80GB HBM3';
  it.each([
    [1, 1, [H100], `GPU: ${H100}; the worker computes on it.`],
    [1, 3, [H100], `GPU: ${H100}; 3 workers share it.`],
    [2, 2, [H100, H100], `2 GPUs: ${H100}; one worker on each.`],
    [2, 5, [H100, H100], `2 GPUs: ${H100}; 5 workers share them in turn.`],
    [4, 2, [H100, 'NVIDIA A100'], `4 GPUs: ${H100}, NVIDIA A100; one worker on each of the first 2.`],
    [4, 1, [H100], `4 GPUs: ${H100}; the worker computes on the first.`],
  ])('of %d GPUs and %d workers says it in one line', (gpus, workers, models, line) => {
    expect(describePlacement(gpus, workers, models)).toBe(line);
  });
});
