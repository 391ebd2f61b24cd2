// Original file: proto/tardigrad/v1/coordinator.proto

import type { Long } from '@grpc/proto-loader';

export interface HeartbeatReply {
  'epoch'?: (number | string | Long);
  'refused'?: (boolean);
  'why'?: (string);
  'drain'?: (boolean);
  'finished'?: (boolean);
}

export interface HeartbeatReply__Output {
  'epoch': (number);
  'refused': (boolean);
  'why': (string);
  'drain': (boolean);
  'finished': (boolean);
}
