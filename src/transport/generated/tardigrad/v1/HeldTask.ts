// Original file: proto/tardigrad/v1/coordinator.proto

import type { Long } from '@grpc/proto-loader';

export interface HeldTask {
  'task'?: (number | string | Long);
  'firstBatch'?: (number | string | Long);
  'count'?: (number | string | Long);
}

export interface HeldTask__Output {
  'task': (number);
  'firstBatch': (number);
  'count': (number);
}
