// Original file: proto/tardigrad/v1/parameter_server.proto

import type { Long } from '@grpc/proto-loader';

// Original file: proto/tardigrad/v1/parameter_server.proto

export const _tardigrad_v1_Notice_Kind = {
  UNKNOWN: 'UNKNOWN',
  CANCEL: 'CANCEL',
  MAP_CHANGED: 'MAP_CHANGED',
  DRAINING: 'DRAINING',
  NEWER_EPOCH: 'NEWER_EPOCH',
} as const;

export type _tardigrad_v1_Notice_Kind =
  | 'UNKNOWN'
  | 0
  | 'CANCEL'
  | 1
  | 'MAP_CHANGED'
  | 2
  | 'DRAINING'
  | 3
  | 'NEWER_EPOCH'
  | 4

export type _tardigrad_v1_Notice_Kind__Output = typeof _tardigrad_v1_Notice_Kind[keyof typeof _tardigrad_v1_Notice_Kind]

export interface Notice {
  'kind'?: (_tardigrad_v1_Notice_Kind);
  'value'?: (number | string | Long);
}

export interface Notice__Output {
  'kind': (_tardigrad_v1_Notice_Kind__Output);
  'value': (number);
}
