// Original file: proto/tardigrad/v1/parameter_server.proto

import type { SequenceEntry as _tardigrad_v1_SequenceEntry, SequenceEntry__Output as _tardigrad_v1_SequenceEntry__Output } from '../../tardigrad/v1/SequenceEntry.ts';
import type { Long } from '@grpc/proto-loader';

export interface CutOrder {
  'id'?: (number | string | Long);
  'sequences'?: (_tardigrad_v1_SequenceEntry)[];
  'file'?: (string);
}

export interface CutOrder__Output {
  'id': (number);
  'sequences': (_tardigrad_v1_SequenceEntry__Output)[];
  'file': (string);
}
