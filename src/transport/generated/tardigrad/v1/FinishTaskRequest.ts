// Original file: proto/tardigrad/v1/coordinator.proto

import type { Identity as _tardigrad_v1_Identity, Identity__Output as _tardigrad_v1_Identity__Output } from '../../tardigrad/v1/Identity.ts';
import type { HeldTask as _tardigrad_v1_HeldTask, HeldTask__Output as _tardigrad_v1_HeldTask__Output } from '../../tardigrad/v1/HeldTask.ts';
import type { SettledRun as _tardigrad_v1_SettledRun, SettledRun__Output as _tardigrad_v1_SettledRun__Output } from '../../tardigrad/v1/SettledRun.ts';
import type { WorkerReport as _tardigrad_v1_WorkerReport, WorkerReport__Output as _tardigrad_v1_WorkerReport__Output } from '../../tardigrad/v1/WorkerReport.ts';
import type { Long } from '@grpc/proto-loader';

export interface FinishTaskRequest {
  'identity'?: (_tardigrad_v1_Identity | null);
  'epochSeen'?: (number | string | Long);
  'held'?: (_tardigrad_v1_HeldTask)[];
  'task'?: (number | string | Long);
  'settled'?: (_tardigrad_v1_SettledRun)[];
  'refusedAttempts'?: (number | string | Long);
  'report'?: (_tardigrad_v1_WorkerReport | null);
}

export interface FinishTaskRequest__Output {
  'identity': (_tardigrad_v1_Identity__Output | null);
  'epochSeen': (number);
  'held': (_tardigrad_v1_HeldTask__Output)[];
  'task': (number);
  'settled': (_tardigrad_v1_SettledRun__Output)[];
  'refusedAttempts': (number);
  'report': (_tardigrad_v1_WorkerReport__Output | null);
}
