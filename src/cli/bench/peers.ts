/**
 * What others reach at the same work, as measured once on another machine with 2 cores, everything on one host. They are
 * shown beside this run's figures and marked as taken elsewhere: only ratios within one run compare two systems fairly.
 */
export const ELSEWHERE = {
  mlpUpdates: 'TF ParameterServerStrategy 215-229, PyTorch RPC 400-650',
  cnnUpdates: 'TF ParameterServerStrategy 25.0-25.7, PyTorch RPC 15-19',
  both16At1x1: 'TF 1.3, PyTorch RPC 3.2-4.0 (shared memory)',
  both16At2x2: 'TF 2.5-3.0, PyTorch RPC 3.0-3.5, ps-lite 2.9',
  both100At2x2: 'TF 2.7-3.8, PyTorch RPC 1.9-2.1',
  push16At1x1: 'ps-lite 1.95',
  pull16At1x1: 'ps-lite 1.77',
  mlpStep: 'Python tf.function 1.1',
  cnnStep: 'Python tf.function 44',
  firstUpdate: 'TF 28-37, PyTorch RPC about 5, ps-lite below 1',
} as const;
