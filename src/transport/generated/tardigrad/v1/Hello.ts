// Original file: proto/tardigrad/v1/parameter_server.proto

import type { Identity as _tardigrad_v1_Identity, Identity__Output as _tardigrad_v1_Identity__Output } from '../../tardigrad/v1/Identity.ts';
import type { Long } from '@grpc/proto-loader';

export interface Hello {
  'identity'?: (_tardigrad_v1_Identity | null);
  'connection'?: (number | string | Long);
  'enter'?: (boolean);
  'credentials'?: (string);
}

export interface Hello__Output {
  'identity': (_tardigrad_v1_Identity__Output | null);
  'connection': (number);
  'enter': (boolean);
  'credentials': (string);
}
