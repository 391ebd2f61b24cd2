// Original file: proto/tardigrad/v1/parameter_server.proto

import type { Long } from '@grpc/proto-loader';

export interface FinishOrder {
  'history'?: (number | string | Long);
}

export interface FinishOrder__Output {
  'history': (number);
}
