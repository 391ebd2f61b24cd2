// Original file: proto/tardigrad/v1/coordinator.proto

import type { ShardReport as _tardigrad_v1_ShardReport, ShardReport__Output as _tardigrad_v1_ShardReport__Output } from '../../tardigrad/v1/ShardReport.ts';
import type { Long } from '@grpc/proto-loader';

export interface ServerHeartbeatRequest {
  'server'?: (string);
  'life'?: (string);
  'epochSeen'?: (number | string | Long);
  'shards'?: (_tardigrad_v1_ShardReport)[];
}

export interface ServerHeartbeatRequest__Output {
  'server': (string);
  'life': (string);
  'epochSeen': (number);
  'shards': (_tardigrad_v1_ShardReport__Output)[];
}
