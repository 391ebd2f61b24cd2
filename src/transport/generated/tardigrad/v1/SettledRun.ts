// Original file: proto/tardigrad/v1/coordinator.proto

import type { Long } from '@grpc/proto-loader';

// Original file: proto/tardigrad/v1/coordinator.proto

export const _tardigrad_v1_SettledRun_Kind = {
  TRAINED: 'TRAINED',
  WITHHELD: 'WITHHELD',
  PARTLY_REFUSED: 'PARTLY_REFUSED',
  TORN: 'TORN',
  REFUSED: 'REFUSED',
} as const;

export type _tardigrad_v1_SettledRun_Kind =
  | 'TRAINED'
  | 0
  | 'WITHHELD'
  | 1
  | 'PARTLY_REFUSED'
  | 2
  | 'TORN'
  | 3
  | 'REFUSED'
  | 4

export type _tardigrad_v1_SettledRun_Kind__Output = typeof _tardigrad_v1_SettledRun_Kind[keyof typeof _tardigrad_v1_SettledRun_Kind]

export interface SettledRun {
  'firstBatch'?: (number | string | Long);
  'count'?: (number | string | Long);
  'kind'?: (_tardigrad_v1_SettledRun_Kind);
}

export interface SettledRun__Output {
  'firstBatch': (number);
  'count': (number);
  'kind': (_tardigrad_v1_SettledRun_Kind__Output);
}
