// Original file: proto/tardigrad/v1/coordinator.proto

import type { Identity as _tardigrad_v1_Identity, Identity__Output as _tardigrad_v1_Identity__Output } from '../../tardigrad/v1/Identity.ts';

export interface SnapshotRequest {
  'identity'?: (_tardigrad_v1_Identity | null);
}

export interface SnapshotRequest__Output {
  'identity': (_tardigrad_v1_Identity__Output | null);
}
