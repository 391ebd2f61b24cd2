// Original file: proto/tardigrad/v1/parameter_server.proto

import type { Long } from '@grpc/proto-loader';

export interface PullRequest {
  'job'?: (string);
  'snapshot'?: (number | string | Long);
}

export interface PullRequest__Output {
  'job': (string);
  'snapshot': (number);
}
