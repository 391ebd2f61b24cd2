// Original file: proto/tardigrad/v1/coordinator.proto

import type { ShardAddress as _tardigrad_v1_ShardAddress, ShardAddress__Output as _tardigrad_v1_ShardAddress__Output } from '../../tardigrad/v1/ShardAddress.ts';
import type { Long } from '@grpc/proto-loader';

export interface SnapshotReply {
  'refused'?: (boolean);
  'why'?: (string);
  'snapshot'?: (number | string | Long);
  'versions'?: (number | string | Long)[];
  'mapVersion'?: (number | string | Long);
  'shards'?: (_tardigrad_v1_ShardAddress)[];
}

export interface SnapshotReply__Output {
  'refused': (boolean);
  'why': (string);
  'snapshot': (number);
  'versions': (number)[];
  'mapVersion': (number);
  'shards': (_tardigrad_v1_ShardAddress__Output)[];
}
