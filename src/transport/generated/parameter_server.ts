import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { BatchRun as _tardigrad_v1_BatchRun, BatchRun__Output as _tardigrad_v1_BatchRun__Output } from './tardigrad/v1/BatchRun.ts';
import type { CollectOrder as _tardigrad_v1_CollectOrder, CollectOrder__Output as _tardigrad_v1_CollectOrder__Output } from './tardigrad/v1/CollectOrder.ts';
import type { CutOrder as _tardigrad_v1_CutOrder, CutOrder__Output as _tardigrad_v1_CutOrder__Output } from './tardigrad/v1/CutOrder.ts';
import type { DropMarkOrder as _tardigrad_v1_DropMarkOrder, DropMarkOrder__Output as _tardigrad_v1_DropMarkOrder__Output } from './tardigrad/v1/DropMarkOrder.ts';
import type { ExchangeReply as _tardigrad_v1_ExchangeReply, ExchangeReply__Output as _tardigrad_v1_ExchangeReply__Output } from './tardigrad/v1/ExchangeReply.ts';
import type { ExchangeRequest as _tardigrad_v1_ExchangeRequest, ExchangeRequest__Output as _tardigrad_v1_ExchangeRequest__Output } from './tardigrad/v1/ExchangeRequest.ts';
import type { FenceOrder as _tardigrad_v1_FenceOrder, FenceOrder__Output as _tardigrad_v1_FenceOrder__Output } from './tardigrad/v1/FenceOrder.ts';
import type { FinishOrder as _tardigrad_v1_FinishOrder, FinishOrder__Output as _tardigrad_v1_FinishOrder__Output } from './tardigrad/v1/FinishOrder.ts';
import type { ForgetOrder as _tardigrad_v1_ForgetOrder, ForgetOrder__Output as _tardigrad_v1_ForgetOrder__Output } from './tardigrad/v1/ForgetOrder.ts';
import type { Hello as _tardigrad_v1_Hello, Hello__Output as _tardigrad_v1_Hello__Output } from './tardigrad/v1/Hello.ts';
import type { HelloReply as _tardigrad_v1_HelloReply, HelloReply__Output as _tardigrad_v1_HelloReply__Output } from './tardigrad/v1/HelloReply.ts';
import type { Identity as _tardigrad_v1_Identity, Identity__Output as _tardigrad_v1_Identity__Output } from './tardigrad/v1/Identity.ts';
import type { Idle as _tardigrad_v1_Idle, Idle__Output as _tardigrad_v1_Idle__Output } from './tardigrad/v1/Idle.ts';
import type { IdleReply as _tardigrad_v1_IdleReply, IdleReply__Output as _tardigrad_v1_IdleReply__Output } from './tardigrad/v1/IdleReply.ts';
import type { LoadOrder as _tardigrad_v1_LoadOrder, LoadOrder__Output as _tardigrad_v1_LoadOrder__Output } from './tardigrad/v1/LoadOrder.ts';
import type { MarkOrder as _tardigrad_v1_MarkOrder, MarkOrder__Output as _tardigrad_v1_MarkOrder__Output } from './tardigrad/v1/MarkOrder.ts';
import type { MemberEntry as _tardigrad_v1_MemberEntry, MemberEntry__Output as _tardigrad_v1_MemberEntry__Output } from './tardigrad/v1/MemberEntry.ts';
import type { MembersOrder as _tardigrad_v1_MembersOrder, MembersOrder__Output as _tardigrad_v1_MembersOrder__Output } from './tardigrad/v1/MembersOrder.ts';
import type { Notice as _tardigrad_v1_Notice, Notice__Output as _tardigrad_v1_Notice__Output } from './tardigrad/v1/Notice.ts';
import type { ParameterServerClient as _tardigrad_v1_ParameterServerClient, ParameterServerDefinition as _tardigrad_v1_ParameterServerDefinition } from './tardigrad/v1/ParameterServer.ts';
import type { Pull as _tardigrad_v1_Pull, Pull__Output as _tardigrad_v1_Pull__Output } from './tardigrad/v1/Pull.ts';
import type { PullRequest as _tardigrad_v1_PullRequest, PullRequest__Output as _tardigrad_v1_PullRequest__Output } from './tardigrad/v1/PullRequest.ts';
import type { PushChunk as _tardigrad_v1_PushChunk, PushChunk__Output as _tardigrad_v1_PushChunk__Output } from './tardigrad/v1/PushChunk.ts';
import type { PushHeader as _tardigrad_v1_PushHeader, PushHeader__Output as _tardigrad_v1_PushHeader__Output } from './tardigrad/v1/PushHeader.ts';
import type { PushReply as _tardigrad_v1_PushReply, PushReply__Output as _tardigrad_v1_PushReply__Output } from './tardigrad/v1/PushReply.ts';
import type { Range as _tardigrad_v1_Range, Range__Output as _tardigrad_v1_Range__Output } from './tardigrad/v1/Range.ts';
import type { Refusal as _tardigrad_v1_Refusal, Refusal__Output as _tardigrad_v1_Refusal__Output } from './tardigrad/v1/Refusal.ts';
import type { SequenceEntry as _tardigrad_v1_SequenceEntry, SequenceEntry__Output as _tardigrad_v1_SequenceEntry__Output } from './tardigrad/v1/SequenceEntry.ts';
import type { ShardControlClient as _tardigrad_v1_ShardControlClient, ShardControlDefinition as _tardigrad_v1_ShardControlDefinition } from './tardigrad/v1/ShardControl.ts';
import type { ShardOrder as _tardigrad_v1_ShardOrder, ShardOrder__Output as _tardigrad_v1_ShardOrder__Output } from './tardigrad/v1/ShardOrder.ts';
import type { ShardOrderReply as _tardigrad_v1_ShardOrderReply, ShardOrderReply__Output as _tardigrad_v1_ShardOrderReply__Output } from './tardigrad/v1/ShardOrderReply.ts';
import type { ShardStatus as _tardigrad_v1_ShardStatus, ShardStatus__Output as _tardigrad_v1_ShardStatus__Output } from './tardigrad/v1/ShardStatus.ts';
import type { ShardStatusRequest as _tardigrad_v1_ShardStatusRequest, ShardStatusRequest__Output as _tardigrad_v1_ShardStatusRequest__Output } from './tardigrad/v1/ShardStatusRequest.ts';
import type { SourceFile as _tardigrad_v1_SourceFile, SourceFile__Output as _tardigrad_v1_SourceFile__Output } from './tardigrad/v1/SourceFile.ts';
import type { StillWaiting as _tardigrad_v1_StillWaiting, StillWaiting__Output as _tardigrad_v1_StillWaiting__Output } from './tardigrad/v1/StillWaiting.ts';
import type { WeightsChunk as _tardigrad_v1_WeightsChunk, WeightsChunk__Output as _tardigrad_v1_WeightsChunk__Output } from './tardigrad/v1/WeightsChunk.ts';
import type { WeightsHeader as _tardigrad_v1_WeightsHeader, WeightsHeader__Output as _tardigrad_v1_WeightsHeader__Output } from './tardigrad/v1/WeightsHeader.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  tardigrad: {
    v1: {
      BatchRun: MessageTypeDefinition<_tardigrad_v1_BatchRun, _tardigrad_v1_BatchRun__Output>
      CollectOrder: MessageTypeDefinition<_tardigrad_v1_CollectOrder, _tardigrad_v1_CollectOrder__Output>
      CutOrder: MessageTypeDefinition<_tardigrad_v1_CutOrder, _tardigrad_v1_CutOrder__Output>
      DropMarkOrder: MessageTypeDefinition<_tardigrad_v1_DropMarkOrder, _tardigrad_v1_DropMarkOrder__Output>
      Encoding: EnumTypeDefinition
      ExchangeReply: MessageTypeDefinition<_tardigrad_v1_ExchangeReply, _tardigrad_v1_ExchangeReply__Output>
      ExchangeRequest: MessageTypeDefinition<_tardigrad_v1_ExchangeRequest, _tardigrad_v1_ExchangeRequest__Output>
      FenceOrder: MessageTypeDefinition<_tardigrad_v1_FenceOrder, _tardigrad_v1_FenceOrder__Output>
      FinishOrder: MessageTypeDefinition<_tardigrad_v1_FinishOrder, _tardigrad_v1_FinishOrder__Output>
      ForgetOrder: MessageTypeDefinition<_tardigrad_v1_ForgetOrder, _tardigrad_v1_ForgetOrder__Output>
      Hello: MessageTypeDefinition<_tardigrad_v1_Hello, _tardigrad_v1_Hello__Output>
      HelloReply: MessageTypeDefinition<_tardigrad_v1_HelloReply, _tardigrad_v1_HelloReply__Output>
      Identity: MessageTypeDefinition<_tardigrad_v1_Identity, _tardigrad_v1_Identity__Output>
      Idle: MessageTypeDefinition<_tardigrad_v1_Idle, _tardigrad_v1_Idle__Output>
      IdleReply: MessageTypeDefinition<_tardigrad_v1_IdleReply, _tardigrad_v1_IdleReply__Output>
      LoadOrder: MessageTypeDefinition<_tardigrad_v1_LoadOrder, _tardigrad_v1_LoadOrder__Output>
      MarkOrder: MessageTypeDefinition<_tardigrad_v1_MarkOrder, _tardigrad_v1_MarkOrder__Output>
      MemberEntry: MessageTypeDefinition<_tardigrad_v1_MemberEntry, _tardigrad_v1_MemberEntry__Output>
      MembersOrder: MessageTypeDefinition<_tardigrad_v1_MembersOrder, _tardigrad_v1_MembersOrder__Output>
      Notice: MessageTypeDefinition<_tardigrad_v1_Notice, _tardigrad_v1_Notice__Output>
      Outcome: EnumTypeDefinition
      ParameterServer: SubtypeConstructor<typeof grpc.Client, _tardigrad_v1_ParameterServerClient> & { service: _tardigrad_v1_ParameterServerDefinition }
      Pull: MessageTypeDefinition<_tardigrad_v1_Pull, _tardigrad_v1_Pull__Output>
      PullRequest: MessageTypeDefinition<_tardigrad_v1_PullRequest, _tardigrad_v1_PullRequest__Output>
      PushChunk: MessageTypeDefinition<_tardigrad_v1_PushChunk, _tardigrad_v1_PushChunk__Output>
      PushHeader: MessageTypeDefinition<_tardigrad_v1_PushHeader, _tardigrad_v1_PushHeader__Output>
      PushKind: EnumTypeDefinition
      PushReply: MessageTypeDefinition<_tardigrad_v1_PushReply, _tardigrad_v1_PushReply__Output>
      Range: MessageTypeDefinition<_tardigrad_v1_Range, _tardigrad_v1_Range__Output>
      Refusal: MessageTypeDefinition<_tardigrad_v1_Refusal, _tardigrad_v1_Refusal__Output>
      SequenceEntry: MessageTypeDefinition<_tardigrad_v1_SequenceEntry, _tardigrad_v1_SequenceEntry__Output>
      ShardControl: SubtypeConstructor<typeof grpc.Client, _tardigrad_v1_ShardControlClient> & { service: _tardigrad_v1_ShardControlDefinition }
      ShardOrder: MessageTypeDefinition<_tardigrad_v1_ShardOrder, _tardigrad_v1_ShardOrder__Output>
      ShardOrderReply: MessageTypeDefinition<_tardigrad_v1_ShardOrderReply, _tardigrad_v1_ShardOrderReply__Output>
      ShardStatus: MessageTypeDefinition<_tardigrad_v1_ShardStatus, _tardigrad_v1_ShardStatus__Output>
      ShardStatusRequest: MessageTypeDefinition<_tardigrad_v1_ShardStatusRequest, _tardigrad_v1_ShardStatusRequest__Output>
      SourceFile: MessageTypeDefinition<_tardigrad_v1_SourceFile, _tardigrad_v1_SourceFile__Output>
      StillWaiting: MessageTypeDefinition<_tardigrad_v1_StillWaiting, _tardigrad_v1_StillWaiting__Output>
      WeightsChunk: MessageTypeDefinition<_tardigrad_v1_WeightsChunk, _tardigrad_v1_WeightsChunk__Output>
      WeightsHeader: MessageTypeDefinition<_tardigrad_v1_WeightsHeader, _tardigrad_v1_WeightsHeader__Output>
    }
  }
}

