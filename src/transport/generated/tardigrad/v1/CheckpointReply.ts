// Original file: proto/tardigrad/v1/coordinator.proto

import type { Long } from '@grpc/proto-loader';

export interface CheckpointReply {
  'written'?: (boolean);
  'why'?: (string);
  'checkpoint'?: (number | string | Long);
}

export interface CheckpointReply__Output {
  'written': (boolean);
  'why': (string);
  'checkpoint': (number);
}
