// Original file: proto/tardigrad/v1/parameter_server.proto

import type { BatchRun as _tardigrad_v1_BatchRun, BatchRun__Output as _tardigrad_v1_BatchRun__Output } from '../../tardigrad/v1/BatchRun.ts';
import type { Long } from '@grpc/proto-loader';

export interface ForgetOrder {
  'batches'?: (_tardigrad_v1_BatchRun)[];
  'history'?: (number | string | Long);
}

export interface ForgetOrder__Output {
  'batches': (_tardigrad_v1_BatchRun__Output)[];
  'history': (number);
}
