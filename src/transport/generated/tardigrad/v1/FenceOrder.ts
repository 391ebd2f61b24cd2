// Original file: proto/tardigrad/v1/parameter_server.proto

import type { Long } from '@grpc/proto-loader';

export interface FenceOrder {
  'history'?: (number | string | Long);
}

export interface FenceOrder__Output {
  'history': (number);
}
