// Original file: proto/tardigrad/v1/coordinator.proto

import type { Range as _tardigrad_v1_Range, Range__Output as _tardigrad_v1_Range__Output } from '../../tardigrad/v1/Range.ts';

export interface ShardAddress {
  'server'?: (string);
  'address'?: (string);
  'ranges'?: (_tardigrad_v1_Range)[];
}

export interface ShardAddress__Output {
  'server': (string);
  'address': (string);
  'ranges': (_tardigrad_v1_Range__Output)[];
}
