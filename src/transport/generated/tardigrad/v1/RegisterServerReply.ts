// Original file: proto/tardigrad/v1/coordinator.proto

import type { Long } from '@grpc/proto-loader';

export interface RegisterServerReply {
  'epoch'?: (number | string | Long);
  'heartbeatMs'?: (number);
}

export interface RegisterServerReply__Output {
  'epoch': (number);
  'heartbeatMs': (number);
}
