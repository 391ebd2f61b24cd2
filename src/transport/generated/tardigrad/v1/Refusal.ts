// Original file: proto/tardigrad/v1/parameter_server.proto

import type { Long } from '@grpc/proto-loader';

export interface Refusal {
  'about'?: (string);
  'code'?: (string);
  'message'?: (string);
  'sequence'?: (number | string | Long);
  'clock'?: (number | string | Long);
}

export interface Refusal__Output {
  'about': (string);
  'code': (string);
  'message': (string);
  'sequence': (number);
  'clock': (number);
}
