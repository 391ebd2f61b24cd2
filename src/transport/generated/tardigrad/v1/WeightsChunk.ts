// Original file: proto/tardigrad/v1/parameter_server.proto

import type { WeightsHeader as _tardigrad_v1_WeightsHeader, WeightsHeader__Output as _tardigrad_v1_WeightsHeader__Output } from '../../tardigrad/v1/WeightsHeader.ts';
import type { Long } from '@grpc/proto-loader';

export interface WeightsChunk {
  'header'?: (_tardigrad_v1_WeightsHeader | null);
  'offset'?: (number | string | Long);
  'data'?: (Buffer | Uint8Array | string);
  'last'?: (boolean);
}

export interface WeightsChunk__Output {
  'header': (_tardigrad_v1_WeightsHeader__Output | null);
  'offset': (number);
  'data': (Buffer);
  'last': (boolean);
}
