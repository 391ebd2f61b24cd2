// Original file: proto/tardigrad/v1/parameter_server.proto

import type { Range as _tardigrad_v1_Range, Range__Output as _tardigrad_v1_Range__Output } from '../../tardigrad/v1/Range.ts';
import type { Long } from '@grpc/proto-loader';

export interface ShardStatus {
  'loaded'?: (boolean);
  'history'?: (number | string | Long);
  'version'?: (number | string | Long);
  'minClock'?: (number | string | Long);
  'maxClock'?: (number | string | Long);
  'members'?: (number | string | Long);
  'elements'?: (number | string | Long);
  'ranges'?: (_tardigrad_v1_Range)[];
  'mapVersion'?: (number | string | Long);
  'epoch'?: (number | string | Long);
  'stateHash'?: (string);
}

export interface ShardStatus__Output {
  'loaded': (boolean);
  'history': (number);
  'version': (number);
  'minClock': (number);
  'maxClock': (number);
  'members': (number);
  'elements': (number);
  'ranges': (_tardigrad_v1_Range__Output)[];
  'mapVersion': (number);
  'epoch': (number);
  'stateHash': (string);
}
