// Original file: proto/tardigrad/v1/parameter_server.proto

import type { Outcome as _tardigrad_v1_Outcome, Outcome__Output as _tardigrad_v1_Outcome__Output } from '../../tardigrad/v1/Outcome.ts';
import type { Long } from '@grpc/proto-loader';

export interface BatchRun {
  'firstBatch'?: (number | string | Long);
  'count'?: (number | string | Long);
  'outcome'?: (_tardigrad_v1_Outcome);
}

export interface BatchRun__Output {
  'firstBatch': (number);
  'count': (number);
  'outcome': (_tardigrad_v1_Outcome__Output);
}
