// Original file: proto/tardigrad/v1/parameter_server.proto

import type { Long } from '@grpc/proto-loader';

export interface MarkOrder {
  'id'?: (number | string | Long);
}

export interface MarkOrder__Output {
  'id': (number);
}
