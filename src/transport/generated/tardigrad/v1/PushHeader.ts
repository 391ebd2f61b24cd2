// Original file: proto/tardigrad/v1/parameter_server.proto

import type { PushKind as _tardigrad_v1_PushKind, PushKind__Output as _tardigrad_v1_PushKind__Output } from '../../tardigrad/v1/PushKind.ts';
import type { Encoding as _tardigrad_v1_Encoding, Encoding__Output as _tardigrad_v1_Encoding__Output } from '../../tardigrad/v1/Encoding.ts';
import type { Range as _tardigrad_v1_Range, Range__Output as _tardigrad_v1_Range__Output } from '../../tardigrad/v1/Range.ts';
import type { Identity as _tardigrad_v1_Identity, Identity__Output as _tardigrad_v1_Identity__Output } from '../../tardigrad/v1/Identity.ts';
import type { Long } from '@grpc/proto-loader';

export interface PushHeader {
  'sequence'?: (number | string | Long);
  'clock'?: (number | string | Long);
  'versionRead'?: (number | string | Long);
  'versionSpread'?: (number);
  'kind'?: (_tardigrad_v1_PushKind);
  'encoding'?: (_tardigrad_v1_Encoding);
  'mapVersion'?: (number | string | Long);
  'ranges'?: (_tardigrad_v1_Range)[];
  'task'?: (number | string | Long);
  'firstBatch'?: (number | string | Long);
  'batchCount'?: (number);
  'samples'?: (number);
  'loss'?: (number | string);
  'identity'?: (_tardigrad_v1_Identity | null);
}

export interface PushHeader__Output {
  'sequence': (number);
  'clock': (number);
  'versionRead': (number);
  'versionSpread': (number);
  'kind': (_tardigrad_v1_PushKind__Output);
  'encoding': (_tardigrad_v1_Encoding__Output);
  'mapVersion': (number);
  'ranges': (_tardigrad_v1_Range__Output)[];
  'task': (number);
  'firstBatch': (number);
  'batchCount': (number);
  'samples': (number);
  'loss': (number);
  'identity': (_tardigrad_v1_Identity__Output | null);
}
