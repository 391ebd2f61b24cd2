import { summarize, type RunSummary, type SummaryExtra } from '../../../src/cli/display/summary.ts';
import type { JobStatus } from '../../../src/coordinator/status.ts';
import { job } from './synthetic-status.ts';

export function summaryOf(status: JobStatus, changes: Partial<SummaryExtra> = {}): RunSummary {
  return summarize(status, {
    job,
    startedAt: new Date('2026-01-31T14:05:09Z'),
    endedAt: new Date('2026-01-31T14:05:50Z'),
    launchSeconds: 3.1,
    firstUpdateSeconds: 4.3,
    exitReason: 'finished',
    versions: { node: 'v20.20.2', tardigrad: '0.1.0' },
    folder: 'runs/mnist-cnn-20260131-140509',
    model: { path: 'runs/mnist-cnn-20260131-140509/model.safetensors', sha256: 'ab'.repeat(32) },
    ...changes,
  });
}
