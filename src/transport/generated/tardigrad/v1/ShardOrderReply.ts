// Original file: proto/tardigrad/v1/parameter_server.proto

import type { MemberEntry as _tardigrad_v1_MemberEntry, MemberEntry__Output as _tardigrad_v1_MemberEntry__Output } from '../../tardigrad/v1/MemberEntry.ts';
import type { SequenceEntry as _tardigrad_v1_SequenceEntry, SequenceEntry__Output as _tardigrad_v1_SequenceEntry__Output } from '../../tardigrad/v1/SequenceEntry.ts';
import type { BatchRun as _tardigrad_v1_BatchRun, BatchRun__Output as _tardigrad_v1_BatchRun__Output } from '../../tardigrad/v1/BatchRun.ts';
import type { SourceFile as _tardigrad_v1_SourceFile, SourceFile__Output as _tardigrad_v1_SourceFile__Output } from '../../tardigrad/v1/SourceFile.ts';
import type { Long } from '@grpc/proto-loader';

export interface ShardOrderReply {
  'epoch'?: (number | string | Long);
  'refused'?: (boolean);
  'unloaded'?: (boolean);
  'why'?: (string);
  'version'?: (number | string | Long);
  'members'?: (_tardigrad_v1_MemberEntry)[];
  'sequences'?: (_tardigrad_v1_SequenceEntry)[];
  'outcomes'?: (_tardigrad_v1_BatchRun)[];
  'written'?: (_tardigrad_v1_SourceFile | null);
  'clock'?: (number | string | Long);
  'heldMs'?: (number | string);
  'torn'?: (_tardigrad_v1_SequenceEntry)[];
  'stateHash'?: (string);
}

export interface ShardOrderReply__Output {
  'epoch': (number);
  'refused': (boolean);
  'unloaded': (boolean);
  'why': (string);
  'version': (number);
  'members': (_tardigrad_v1_MemberEntry__Output)[];
  'sequences': (_tardigrad_v1_SequenceEntry__Output)[];
  'outcomes': (_tardigrad_v1_BatchRun__Output)[];
  'written': (_tardigrad_v1_SourceFile__Output | null);
  'clock': (number);
  'heldMs': (number);
  'torn': (_tardigrad_v1_SequenceEntry__Output)[];
  'stateHash': (string);
}
