// Original file: proto/tardigrad/v1/parameter_server.proto

import type { HelloReply as _tardigrad_v1_HelloReply, HelloReply__Output as _tardigrad_v1_HelloReply__Output } from '../../tardigrad/v1/HelloReply.ts';
import type { WeightsChunk as _tardigrad_v1_WeightsChunk, WeightsChunk__Output as _tardigrad_v1_WeightsChunk__Output } from '../../tardigrad/v1/WeightsChunk.ts';
import type { PushReply as _tardigrad_v1_PushReply, PushReply__Output as _tardigrad_v1_PushReply__Output } from '../../tardigrad/v1/PushReply.ts';
import type { IdleReply as _tardigrad_v1_IdleReply, IdleReply__Output as _tardigrad_v1_IdleReply__Output } from '../../tardigrad/v1/IdleReply.ts';
import type { StillWaiting as _tardigrad_v1_StillWaiting, StillWaiting__Output as _tardigrad_v1_StillWaiting__Output } from '../../tardigrad/v1/StillWaiting.ts';
import type { Refusal as _tardigrad_v1_Refusal, Refusal__Output as _tardigrad_v1_Refusal__Output } from '../../tardigrad/v1/Refusal.ts';
import type { Notice as _tardigrad_v1_Notice, Notice__Output as _tardigrad_v1_Notice__Output } from '../../tardigrad/v1/Notice.ts';
import type { Long } from '@grpc/proto-loader';

export interface ExchangeReply {
  'hello'?: (_tardigrad_v1_HelloReply | null);
  'weights'?: (_tardigrad_v1_WeightsChunk | null);
  'push'?: (_tardigrad_v1_PushReply | null);
  'idle'?: (_tardigrad_v1_IdleReply | null);
  'waiting'?: (_tardigrad_v1_StillWaiting | null);
  'refusal'?: (_tardigrad_v1_Refusal | null);
  'notice'?: (_tardigrad_v1_Notice | null);
  'epoch'?: (number | string | Long);
  'body'?: "hello"|"weights"|"push"|"idle"|"waiting"|"refusal"|"notice";
}

export interface ExchangeReply__Output {
  'hello'?: (_tardigrad_v1_HelloReply__Output | null);
  'weights'?: (_tardigrad_v1_WeightsChunk__Output | null);
  'push'?: (_tardigrad_v1_PushReply__Output | null);
  'idle'?: (_tardigrad_v1_IdleReply__Output | null);
  'waiting'?: (_tardigrad_v1_StillWaiting__Output | null);
  'refusal'?: (_tardigrad_v1_Refusal__Output | null);
  'notice'?: (_tardigrad_v1_Notice__Output | null);
  'epoch': (number);
  'body'?: "hello"|"weights"|"push"|"idle"|"waiting"|"refusal"|"notice";
}
