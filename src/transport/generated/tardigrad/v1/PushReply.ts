// Original file: proto/tardigrad/v1/parameter_server.proto

import type { Outcome as _tardigrad_v1_Outcome, Outcome__Output as _tardigrad_v1_Outcome__Output } from '../../tardigrad/v1/Outcome.ts';
import type { Long } from '@grpc/proto-loader';

export interface PushReply {
  'sequence'?: (number | string | Long);
  'outcome'?: (_tardigrad_v1_Outcome);
  'repeated'?: (boolean);
  'outcomeForgotten'?: (boolean);
  'versionLag'?: (number | string | Long);
  'version'?: (number | string | Long);
  'minClock'?: (number | string | Long);
  'epoch'?: (number | string | Long);
}

export interface PushReply__Output {
  'sequence': (number);
  'outcome': (_tardigrad_v1_Outcome__Output);
  'repeated': (boolean);
  'outcomeForgotten': (boolean);
  'versionLag': (number);
  'version': (number);
  'minClock': (number);
  'epoch': (number);
}
