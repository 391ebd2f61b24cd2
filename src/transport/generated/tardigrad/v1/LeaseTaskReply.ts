// Original file: proto/tardigrad/v1/coordinator.proto

import type { Task as _tardigrad_v1_Task, Task__Output as _tardigrad_v1_Task__Output } from '../../tardigrad/v1/Task.ts';
import type { Long } from '@grpc/proto-loader';

export interface LeaseTaskReply {
  'epoch'?: (number | string | Long);
  'refused'?: (boolean);
  'task'?: (_tardigrad_v1_Task | null);
  'none'?: (boolean);
  'finished'?: (boolean);
  'why'?: (string);
  'drain'?: (boolean);
}

export interface LeaseTaskReply__Output {
  'epoch': (number);
  'refused': (boolean);
  'task': (_tardigrad_v1_Task__Output | null);
  'none': (boolean);
  'finished': (boolean);
  'why': (string);
  'drain': (boolean);
}
