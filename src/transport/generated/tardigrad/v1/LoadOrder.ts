// Original file: proto/tardigrad/v1/parameter_server.proto

import type { Range as _tardigrad_v1_Range, Range__Output as _tardigrad_v1_Range__Output } from '../../tardigrad/v1/Range.ts';
import type { SourceFile as _tardigrad_v1_SourceFile, SourceFile__Output as _tardigrad_v1_SourceFile__Output } from '../../tardigrad/v1/SourceFile.ts';
import type { Long } from '@grpc/proto-loader';

export interface LoadOrder {
  'history'?: (number | string | Long);
  'mapVersion'?: (number | string | Long);
  'ranges'?: (_tardigrad_v1_Range)[];
  'config'?: (string);
  'sources'?: (_tardigrad_v1_SourceFile)[];
  'clock'?: (number | string | Long);
}

export interface LoadOrder__Output {
  'history': (number);
  'mapVersion': (number);
  'ranges': (_tardigrad_v1_Range__Output)[];
  'config': (string);
  'sources': (_tardigrad_v1_SourceFile__Output)[];
  'clock': (number);
}
