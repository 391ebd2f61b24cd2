// Original file: proto/tardigrad/v1/parameter_server.proto

import type { PushHeader as _tardigrad_v1_PushHeader, PushHeader__Output as _tardigrad_v1_PushHeader__Output } from '../../tardigrad/v1/PushHeader.ts';
import type { Long } from '@grpc/proto-loader';

export interface PushChunk {
  'header'?: (_tardigrad_v1_PushHeader | null);
  'sequence'?: (number | string | Long);
  'offset'?: (number | string | Long);
  'data'?: (Buffer | Uint8Array | string);
  'last'?: (boolean);
}

export interface PushChunk__Output {
  'header': (_tardigrad_v1_PushHeader__Output | null);
  'sequence': (number);
  'offset': (number);
  'data': (Buffer);
  'last': (boolean);
}
