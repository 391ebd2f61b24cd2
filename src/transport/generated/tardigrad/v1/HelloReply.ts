// Original file: proto/tardigrad/v1/parameter_server.proto

import type { Long } from '@grpc/proto-loader';

export interface HelloReply {
  'clock'?: (number | string | Long);
  'version'?: (number | string | Long);
}

export interface HelloReply__Output {
  'clock': (number);
  'version': (number);
}
