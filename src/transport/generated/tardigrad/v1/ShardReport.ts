// Original file: proto/tardigrad/v1/coordinator.proto

import type { Long } from '@grpc/proto-loader';

export interface ShardReport {
  'job'?: (string);
  'version'?: (number | string | Long);
  'minClock'?: (number | string | Long);
  'maxClock'?: (number | string | Long);
  'pushes'?: (number | string | Long);
  'lagCounts'?: (number | string | Long)[];
  'lagMax'?: (number | string | Long);
  'bytesIn'?: (number | string | Long);
  'bytesOut'?: (number | string | Long);
  'refused'?: (number | string | Long);
}

export interface ShardReport__Output {
  'job': (string);
  'version': (number);
  'minClock': (number);
  'maxClock': (number);
  'pushes': (number);
  'lagCounts': (number)[];
  'lagMax': (number);
  'bytesIn': (number);
  'bytesOut': (number);
  'refused': (number);
}
