// Original file: proto/tardigrad/v1/parameter_server.proto

import type { Hello as _tardigrad_v1_Hello, Hello__Output as _tardigrad_v1_Hello__Output } from '../../tardigrad/v1/Hello.ts';
import type { Pull as _tardigrad_v1_Pull, Pull__Output as _tardigrad_v1_Pull__Output } from '../../tardigrad/v1/Pull.ts';
import type { PushChunk as _tardigrad_v1_PushChunk, PushChunk__Output as _tardigrad_v1_PushChunk__Output } from '../../tardigrad/v1/PushChunk.ts';
import type { Idle as _tardigrad_v1_Idle, Idle__Output as _tardigrad_v1_Idle__Output } from '../../tardigrad/v1/Idle.ts';

export interface ExchangeRequest {
  'hello'?: (_tardigrad_v1_Hello | null);
  'pull'?: (_tardigrad_v1_Pull | null);
  'push'?: (_tardigrad_v1_PushChunk | null);
  'idle'?: (_tardigrad_v1_Idle | null);
  'body'?: "hello"|"pull"|"push"|"idle";
}

export interface ExchangeRequest__Output {
  'hello'?: (_tardigrad_v1_Hello__Output | null);
  'pull'?: (_tardigrad_v1_Pull__Output | null);
  'push'?: (_tardigrad_v1_PushChunk__Output | null);
  'idle'?: (_tardigrad_v1_Idle__Output | null);
  'body'?: "hello"|"pull"|"push"|"idle";
}
