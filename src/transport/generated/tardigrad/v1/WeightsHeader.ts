// Original file: proto/tardigrad/v1/parameter_server.proto

import type { Encoding as _tardigrad_v1_Encoding, Encoding__Output as _tardigrad_v1_Encoding__Output } from '../../tardigrad/v1/Encoding.ts';
import type { Range as _tardigrad_v1_Range, Range__Output as _tardigrad_v1_Range__Output } from '../../tardigrad/v1/Range.ts';
import type { Long } from '@grpc/proto-loader';

export interface WeightsHeader {
  'clock'?: (number | string | Long);
  'version'?: (number | string | Long);
  'minClock'?: (number | string | Long);
  'encoding'?: (_tardigrad_v1_Encoding);
  'mapVersion'?: (number | string | Long);
  'ranges'?: (_tardigrad_v1_Range)[];
  'bytes'?: (number | string | Long);
  'heldMs'?: (number | string);
}

export interface WeightsHeader__Output {
  'clock': (number);
  'version': (number);
  'minClock': (number);
  'encoding': (_tardigrad_v1_Encoding__Output);
  'mapVersion': (number);
  'ranges': (_tardigrad_v1_Range__Output)[];
  'bytes': (number);
  'heldMs': (number);
}
