// Original file: proto/tardigrad/v1/parameter_server.proto

import type { Long } from '@grpc/proto-loader';

export interface SequenceEntry {
  'worker'?: (string);
  'incarnation'?: (number | string | Long);
  'sequence'?: (number | string | Long);
}

export interface SequenceEntry__Output {
  'worker': (string);
  'incarnation': (number);
  'sequence': (number);
}
