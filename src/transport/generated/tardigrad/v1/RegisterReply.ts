// Original file: proto/tardigrad/v1/coordinator.proto

import type { Identity as _tardigrad_v1_Identity, Identity__Output as _tardigrad_v1_Identity__Output } from '../../tardigrad/v1/Identity.ts';
import type { ShardAddress as _tardigrad_v1_ShardAddress, ShardAddress__Output as _tardigrad_v1_ShardAddress__Output } from '../../tardigrad/v1/ShardAddress.ts';
import type { Long } from '@grpc/proto-loader';

export interface RegisterReply {
  'waiting'?: (boolean);
  'finished'?: (boolean);
  'identity'?: (_tardigrad_v1_Identity | null);
  'epoch'?: (number | string | Long);
  'jobSpec'?: (string);
  'mapVersion'?: (number | string | Long);
  'shards'?: (_tardigrad_v1_ShardAddress)[];
  'why'?: (string);
}

export interface RegisterReply__Output {
  'waiting': (boolean);
  'finished': (boolean);
  'identity': (_tardigrad_v1_Identity__Output | null);
  'epoch': (number);
  'jobSpec': (string);
  'mapVersion': (number);
  'shards': (_tardigrad_v1_ShardAddress__Output)[];
  'why': (string);
}
