// Original file: proto/tardigrad/v1/coordinator.proto

import type { Long } from '@grpc/proto-loader';

// Original file: proto/tardigrad/v1/coordinator.proto

export const _tardigrad_v1_Task_Kind = {
  TRAIN: 'TRAIN',
  INITIALIZE: 'INITIALIZE',
  EVALUATE: 'EVALUATE',
} as const;

export type _tardigrad_v1_Task_Kind =
  | 'TRAIN'
  | 0
  | 'INITIALIZE'
  | 1
  | 'EVALUATE'
  | 2

export type _tardigrad_v1_Task_Kind__Output = typeof _tardigrad_v1_Task_Kind[keyof typeof _tardigrad_v1_Task_Kind]

export interface Task {
  'task'?: (number | string | Long);
  'kind'?: (_tardigrad_v1_Task_Kind);
  'firstBatch'?: (number | string | Long);
  'count'?: (number | string | Long);
}

export interface Task__Output {
  'task': (number);
  'kind': (_tardigrad_v1_Task_Kind__Output);
  'firstBatch': (number);
  'count': (number);
}
