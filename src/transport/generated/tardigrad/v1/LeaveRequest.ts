// Original file: proto/tardigrad/v1/coordinator.proto

import type { Identity as _tardigrad_v1_Identity, Identity__Output as _tardigrad_v1_Identity__Output } from '../../tardigrad/v1/Identity.ts';
import type { HeldTask as _tardigrad_v1_HeldTask, HeldTask__Output as _tardigrad_v1_HeldTask__Output } from '../../tardigrad/v1/HeldTask.ts';
import type { WorkerReport as _tardigrad_v1_WorkerReport, WorkerReport__Output as _tardigrad_v1_WorkerReport__Output } from '../../tardigrad/v1/WorkerReport.ts';
import type { Long } from '@grpc/proto-loader';

export interface LeaveRequest {
  'identity'?: (_tardigrad_v1_Identity | null);
  'epochSeen'?: (number | string | Long);
  'held'?: (_tardigrad_v1_HeldTask)[];
  'report'?: (_tardigrad_v1_WorkerReport | null);
}

export interface LeaveRequest__Output {
  'identity': (_tardigrad_v1_Identity__Output | null);
  'epochSeen': (number);
  'held': (_tardigrad_v1_HeldTask__Output)[];
  'report': (_tardigrad_v1_WorkerReport__Output | null);
}
