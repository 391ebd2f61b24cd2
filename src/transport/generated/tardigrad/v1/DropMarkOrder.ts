// Original file: proto/tardigrad/v1/parameter_server.proto

import type { Long } from '@grpc/proto-loader';

export interface DropMarkOrder {
  'id'?: (number | string | Long);
}

export interface DropMarkOrder__Output {
  'id': (number);
}
