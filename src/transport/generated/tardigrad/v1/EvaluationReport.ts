// Original file: proto/tardigrad/v1/coordinator.proto

import type { Identity as _tardigrad_v1_Identity, Identity__Output as _tardigrad_v1_Identity__Output } from '../../tardigrad/v1/Identity.ts';
import type { Long } from '@grpc/proto-loader';

export interface EvaluationReport {
  'identity'?: (_tardigrad_v1_Identity | null);
  'task'?: (number | string | Long);
  'versions'?: (number | string | Long)[];
  'loss'?: (number | string);
  'accuracy'?: (number | string);
  'samples'?: (number | string | Long);
  'seconds'?: (number | string);
}

export interface EvaluationReport__Output {
  'identity': (_tardigrad_v1_Identity__Output | null);
  'task': (number);
  'versions': (number)[];
  'loss': (number);
  'accuracy': (number);
  'samples': (number);
  'seconds': (number);
}
