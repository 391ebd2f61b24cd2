// Original file: proto/tardigrad/v1/parameter_server.proto

import type { Long } from '@grpc/proto-loader';

export interface MemberEntry {
  'worker'?: (string);
  'incarnation'?: (number | string | Long);
}

export interface MemberEntry__Output {
  'worker': (string);
  'incarnation': (number);
}
