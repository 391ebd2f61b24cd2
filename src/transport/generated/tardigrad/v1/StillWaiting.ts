// Original file: proto/tardigrad/v1/parameter_server.proto

import type { Long } from '@grpc/proto-loader';

export interface StillWaiting {
  'clock'?: (number | string | Long);
  'why'?: (string);
}

export interface StillWaiting__Output {
  'clock': (number);
  'why': (string);
}
