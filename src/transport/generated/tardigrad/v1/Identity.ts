// Original file: proto/tardigrad/v1/parameter_server.proto

import type { Long } from '@grpc/proto-loader';

export interface Identity {
  'job'?: (string);
  'history'?: (number | string | Long);
  'worker'?: (string);
  'incarnation'?: (number | string | Long);
}

export interface Identity__Output {
  'job': (string);
  'history': (number);
  'worker': (string);
  'incarnation': (number);
}
