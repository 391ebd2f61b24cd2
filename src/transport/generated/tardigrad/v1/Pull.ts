// Original file: proto/tardigrad/v1/parameter_server.proto

import type { Long } from '@grpc/proto-loader';

export interface Pull {
  'clock'?: (number | string | Long);
}

export interface Pull__Output {
  'clock': (number);
}
