import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { BatchRun as _tardigrad_v1_BatchRun, BatchRun__Output as _tardigrad_v1_BatchRun__Output } from './tardigrad/v1/BatchRun.ts';
import type { CheckpointReply as _tardigrad_v1_CheckpointReply, CheckpointReply__Output as _tardigrad_v1_CheckpointReply__Output } from './tardigrad/v1/CheckpointReply.ts';
import type { CheckpointRequest as _tardigrad_v1_CheckpointRequest, CheckpointRequest__Output as _tardigrad_v1_CheckpointRequest__Output } from './tardigrad/v1/CheckpointRequest.ts';
import type { CollectOrder as _tardigrad_v1_CollectOrder, CollectOrder__Output as _tardigrad_v1_CollectOrder__Output } from './tardigrad/v1/CollectOrder.ts';
import type { CoordinatorClient as _tardigrad_v1_CoordinatorClient, CoordinatorDefinition as _tardigrad_v1_CoordinatorDefinition } from './tardigrad/v1/Coordinator.ts';
import type { CutOrder as _tardigrad_v1_CutOrder, CutOrder__Output as _tardigrad_v1_CutOrder__Output } from './tardigrad/v1/CutOrder.ts';
import type { DropMarkOrder as _tardigrad_v1_DropMarkOrder, DropMarkOrder__Output as _tardigrad_v1_DropMarkOrder__Output } from './tardigrad/v1/DropMarkOrder.ts';
import type { EvaluationReport as _tardigrad_v1_EvaluationReport, EvaluationReport__Output as _tardigrad_v1_EvaluationReport__Output } from './tardigrad/v1/EvaluationReport.ts';
import type { ExchangeReply as _tardigrad_v1_ExchangeReply, ExchangeReply__Output as _tardigrad_v1_ExchangeReply__Output } from './tardigrad/v1/ExchangeReply.ts';
import type { ExchangeRequest as _tardigrad_v1_ExchangeRequest, ExchangeRequest__Output as _tardigrad_v1_ExchangeRequest__Output } from './tardigrad/v1/ExchangeRequest.ts';
import type { FenceOrder as _tardigrad_v1_FenceOrder, FenceOrder__Output as _tardigrad_v1_FenceOrder__Output } from './tardigrad/v1/FenceOrder.ts';
import type { FinishOrder as _tardigrad_v1_FinishOrder, FinishOrder__Output as _tardigrad_v1_FinishOrder__Output } from './tardigrad/v1/FinishOrder.ts';
import type { FinishTaskRequest as _tardigrad_v1_FinishTaskRequest, FinishTaskRequest__Output as _tardigrad_v1_FinishTaskRequest__Output } from './tardigrad/v1/FinishTaskRequest.ts';
import type { ForgetOrder as _tardigrad_v1_ForgetOrder, ForgetOrder__Output as _tardigrad_v1_ForgetOrder__Output } from './tardigrad/v1/ForgetOrder.ts';
import type { HeartbeatReply as _tardigrad_v1_HeartbeatReply, HeartbeatReply__Output as _tardigrad_v1_HeartbeatReply__Output } from './tardigrad/v1/HeartbeatReply.ts';
import type { HeartbeatRequest as _tardigrad_v1_HeartbeatRequest, HeartbeatRequest__Output as _tardigrad_v1_HeartbeatRequest__Output } from './tardigrad/v1/HeartbeatRequest.ts';
import type { HeldTask as _tardigrad_v1_HeldTask, HeldTask__Output as _tardigrad_v1_HeldTask__Output } from './tardigrad/v1/HeldTask.ts';
import type { Hello as _tardigrad_v1_Hello, Hello__Output as _tardigrad_v1_Hello__Output } from './tardigrad/v1/Hello.ts';
import type { HelloReply as _tardigrad_v1_HelloReply, HelloReply__Output as _tardigrad_v1_HelloReply__Output } from './tardigrad/v1/HelloReply.ts';
import type { Identity as _tardigrad_v1_Identity, Identity__Output as _tardigrad_v1_Identity__Output } from './tardigrad/v1/Identity.ts';
import type { Idle as _tardigrad_v1_Idle, Idle__Output as _tardigrad_v1_Idle__Output } from './tardigrad/v1/Idle.ts';
import type { IdleReply as _tardigrad_v1_IdleReply, IdleReply__Output as _tardigrad_v1_IdleReply__Output } from './tardigrad/v1/IdleReply.ts';
import type { JobStatus as _tardigrad_v1_JobStatus, JobStatus__Output as _tardigrad_v1_JobStatus__Output } from './tardigrad/v1/JobStatus.ts';
import type { LeaseTaskReply as _tardigrad_v1_LeaseTaskReply, LeaseTaskReply__Output as _tardigrad_v1_LeaseTaskReply__Output } from './tardigrad/v1/LeaseTaskReply.ts';
import type { LeaseTaskRequest as _tardigrad_v1_LeaseTaskRequest, LeaseTaskRequest__Output as _tardigrad_v1_LeaseTaskRequest__Output } from './tardigrad/v1/LeaseTaskRequest.ts';
import type { LeaveRequest as _tardigrad_v1_LeaveRequest, LeaveRequest__Output as _tardigrad_v1_LeaveRequest__Output } from './tardigrad/v1/LeaveRequest.ts';
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
import type { RegisterReply as _tardigrad_v1_RegisterReply, RegisterReply__Output as _tardigrad_v1_RegisterReply__Output } from './tardigrad/v1/RegisterReply.ts';
import type { RegisterRequest as _tardigrad_v1_RegisterRequest, RegisterRequest__Output as _tardigrad_v1_RegisterRequest__Output } from './tardigrad/v1/RegisterRequest.ts';
import type { RegisterServerReply as _tardigrad_v1_RegisterServerReply, RegisterServerReply__Output as _tardigrad_v1_RegisterServerReply__Output } from './tardigrad/v1/RegisterServerReply.ts';
import type { RegisterServerRequest as _tardigrad_v1_RegisterServerRequest, RegisterServerRequest__Output as _tardigrad_v1_RegisterServerRequest__Output } from './tardigrad/v1/RegisterServerRequest.ts';
import type { SequenceEntry as _tardigrad_v1_SequenceEntry, SequenceEntry__Output as _tardigrad_v1_SequenceEntry__Output } from './tardigrad/v1/SequenceEntry.ts';
import type { ServerHeartbeatRequest as _tardigrad_v1_ServerHeartbeatRequest, ServerHeartbeatRequest__Output as _tardigrad_v1_ServerHeartbeatRequest__Output } from './tardigrad/v1/ServerHeartbeatRequest.ts';
import type { SettledRun as _tardigrad_v1_SettledRun, SettledRun__Output as _tardigrad_v1_SettledRun__Output } from './tardigrad/v1/SettledRun.ts';
import type { ShardAddress as _tardigrad_v1_ShardAddress, ShardAddress__Output as _tardigrad_v1_ShardAddress__Output } from './tardigrad/v1/ShardAddress.ts';
import type { ShardControlClient as _tardigrad_v1_ShardControlClient, ShardControlDefinition as _tardigrad_v1_ShardControlDefinition } from './tardigrad/v1/ShardControl.ts';
import type { ShardOrder as _tardigrad_v1_ShardOrder, ShardOrder__Output as _tardigrad_v1_ShardOrder__Output } from './tardigrad/v1/ShardOrder.ts';
import type { ShardOrderReply as _tardigrad_v1_ShardOrderReply, ShardOrderReply__Output as _tardigrad_v1_ShardOrderReply__Output } from './tardigrad/v1/ShardOrderReply.ts';
import type { ShardReport as _tardigrad_v1_ShardReport, ShardReport__Output as _tardigrad_v1_ShardReport__Output } from './tardigrad/v1/ShardReport.ts';
import type { ShardStatus as _tardigrad_v1_ShardStatus, ShardStatus__Output as _tardigrad_v1_ShardStatus__Output } from './tardigrad/v1/ShardStatus.ts';
import type { ShardStatusRequest as _tardigrad_v1_ShardStatusRequest, ShardStatusRequest__Output as _tardigrad_v1_ShardStatusRequest__Output } from './tardigrad/v1/ShardStatusRequest.ts';
import type { SnapshotReply as _tardigrad_v1_SnapshotReply, SnapshotReply__Output as _tardigrad_v1_SnapshotReply__Output } from './tardigrad/v1/SnapshotReply.ts';
import type { SnapshotRequest as _tardigrad_v1_SnapshotRequest, SnapshotRequest__Output as _tardigrad_v1_SnapshotRequest__Output } from './tardigrad/v1/SnapshotRequest.ts';
import type { SourceFile as _tardigrad_v1_SourceFile, SourceFile__Output as _tardigrad_v1_SourceFile__Output } from './tardigrad/v1/SourceFile.ts';
import type { StillWaiting as _tardigrad_v1_StillWaiting, StillWaiting__Output as _tardigrad_v1_StillWaiting__Output } from './tardigrad/v1/StillWaiting.ts';
import type { StopReply as _tardigrad_v1_StopReply, StopReply__Output as _tardigrad_v1_StopReply__Output } from './tardigrad/v1/StopReply.ts';
import type { StopRequest as _tardigrad_v1_StopRequest, StopRequest__Output as _tardigrad_v1_StopRequest__Output } from './tardigrad/v1/StopRequest.ts';
import type { SubmitReply as _tardigrad_v1_SubmitReply, SubmitReply__Output as _tardigrad_v1_SubmitReply__Output } from './tardigrad/v1/SubmitReply.ts';
import type { SubmitRequest as _tardigrad_v1_SubmitRequest, SubmitRequest__Output as _tardigrad_v1_SubmitRequest__Output } from './tardigrad/v1/SubmitRequest.ts';
import type { Task as _tardigrad_v1_Task, Task__Output as _tardigrad_v1_Task__Output } from './tardigrad/v1/Task.ts';
import type { WatchRequest as _tardigrad_v1_WatchRequest, WatchRequest__Output as _tardigrad_v1_WatchRequest__Output } from './tardigrad/v1/WatchRequest.ts';
import type { WeightsChunk as _tardigrad_v1_WeightsChunk, WeightsChunk__Output as _tardigrad_v1_WeightsChunk__Output } from './tardigrad/v1/WeightsChunk.ts';
import type { WeightsHeader as _tardigrad_v1_WeightsHeader, WeightsHeader__Output as _tardigrad_v1_WeightsHeader__Output } from './tardigrad/v1/WeightsHeader.ts';
import type { WorkerReport as _tardigrad_v1_WorkerReport, WorkerReport__Output as _tardigrad_v1_WorkerReport__Output } from './tardigrad/v1/WorkerReport.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  tardigrad: {
    v1: {
      BatchRun: MessageTypeDefinition<_tardigrad_v1_BatchRun, _tardigrad_v1_BatchRun__Output>
      CheckpointReply: MessageTypeDefinition<_tardigrad_v1_CheckpointReply, _tardigrad_v1_CheckpointReply__Output>
      CheckpointRequest: MessageTypeDefinition<_tardigrad_v1_CheckpointRequest, _tardigrad_v1_CheckpointRequest__Output>
      CollectOrder: MessageTypeDefinition<_tardigrad_v1_CollectOrder, _tardigrad_v1_CollectOrder__Output>
      Coordinator: SubtypeConstructor<typeof grpc.Client, _tardigrad_v1_CoordinatorClient> & { service: _tardigrad_v1_CoordinatorDefinition }
      CutOrder: MessageTypeDefinition<_tardigrad_v1_CutOrder, _tardigrad_v1_CutOrder__Output>
      DropMarkOrder: MessageTypeDefinition<_tardigrad_v1_DropMarkOrder, _tardigrad_v1_DropMarkOrder__Output>
      Encoding: EnumTypeDefinition
      EvaluationReport: MessageTypeDefinition<_tardigrad_v1_EvaluationReport, _tardigrad_v1_EvaluationReport__Output>
      ExchangeReply: MessageTypeDefinition<_tardigrad_v1_ExchangeReply, _tardigrad_v1_ExchangeReply__Output>
      ExchangeRequest: MessageTypeDefinition<_tardigrad_v1_ExchangeRequest, _tardigrad_v1_ExchangeRequest__Output>
      FenceOrder: MessageTypeDefinition<_tardigrad_v1_FenceOrder, _tardigrad_v1_FenceOrder__Output>
      FinishOrder: MessageTypeDefinition<_tardigrad_v1_FinishOrder, _tardigrad_v1_FinishOrder__Output>
      FinishTaskRequest: MessageTypeDefinition<_tardigrad_v1_FinishTaskRequest, _tardigrad_v1_FinishTaskRequest__Output>
      ForgetOrder: MessageTypeDefinition<_tardigrad_v1_ForgetOrder, _tardigrad_v1_ForgetOrder__Output>
      HeartbeatReply: MessageTypeDefinition<_tardigrad_v1_HeartbeatReply, _tardigrad_v1_HeartbeatReply__Output>
      HeartbeatRequest: MessageTypeDefinition<_tardigrad_v1_HeartbeatRequest, _tardigrad_v1_HeartbeatRequest__Output>
      HeldTask: MessageTypeDefinition<_tardigrad_v1_HeldTask, _tardigrad_v1_HeldTask__Output>
      Hello: MessageTypeDefinition<_tardigrad_v1_Hello, _tardigrad_v1_Hello__Output>
      HelloReply: MessageTypeDefinition<_tardigrad_v1_HelloReply, _tardigrad_v1_HelloReply__Output>
      Identity: MessageTypeDefinition<_tardigrad_v1_Identity, _tardigrad_v1_Identity__Output>
      Idle: MessageTypeDefinition<_tardigrad_v1_Idle, _tardigrad_v1_Idle__Output>
      IdleReply: MessageTypeDefinition<_tardigrad_v1_IdleReply, _tardigrad_v1_IdleReply__Output>
      JobStatus: MessageTypeDefinition<_tardigrad_v1_JobStatus, _tardigrad_v1_JobStatus__Output>
      LeaseTaskReply: MessageTypeDefinition<_tardigrad_v1_LeaseTaskReply, _tardigrad_v1_LeaseTaskReply__Output>
      LeaseTaskRequest: MessageTypeDefinition<_tardigrad_v1_LeaseTaskRequest, _tardigrad_v1_LeaseTaskRequest__Output>
      LeaveRequest: MessageTypeDefinition<_tardigrad_v1_LeaveRequest, _tardigrad_v1_LeaveRequest__Output>
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
      RegisterReply: MessageTypeDefinition<_tardigrad_v1_RegisterReply, _tardigrad_v1_RegisterReply__Output>
      RegisterRequest: MessageTypeDefinition<_tardigrad_v1_RegisterRequest, _tardigrad_v1_RegisterRequest__Output>
      RegisterServerReply: MessageTypeDefinition<_tardigrad_v1_RegisterServerReply, _tardigrad_v1_RegisterServerReply__Output>
      RegisterServerRequest: MessageTypeDefinition<_tardigrad_v1_RegisterServerRequest, _tardigrad_v1_RegisterServerRequest__Output>
      SequenceEntry: MessageTypeDefinition<_tardigrad_v1_SequenceEntry, _tardigrad_v1_SequenceEntry__Output>
      ServerHeartbeatRequest: MessageTypeDefinition<_tardigrad_v1_ServerHeartbeatRequest, _tardigrad_v1_ServerHeartbeatRequest__Output>
      SettledRun: MessageTypeDefinition<_tardigrad_v1_SettledRun, _tardigrad_v1_SettledRun__Output>
      ShardAddress: MessageTypeDefinition<_tardigrad_v1_ShardAddress, _tardigrad_v1_ShardAddress__Output>
      ShardControl: SubtypeConstructor<typeof grpc.Client, _tardigrad_v1_ShardControlClient> & { service: _tardigrad_v1_ShardControlDefinition }
      ShardOrder: MessageTypeDefinition<_tardigrad_v1_ShardOrder, _tardigrad_v1_ShardOrder__Output>
      ShardOrderReply: MessageTypeDefinition<_tardigrad_v1_ShardOrderReply, _tardigrad_v1_ShardOrderReply__Output>
      ShardReport: MessageTypeDefinition<_tardigrad_v1_ShardReport, _tardigrad_v1_ShardReport__Output>
      ShardStatus: MessageTypeDefinition<_tardigrad_v1_ShardStatus, _tardigrad_v1_ShardStatus__Output>
      ShardStatusRequest: MessageTypeDefinition<_tardigrad_v1_ShardStatusRequest, _tardigrad_v1_ShardStatusRequest__Output>
      SnapshotReply: MessageTypeDefinition<_tardigrad_v1_SnapshotReply, _tardigrad_v1_SnapshotReply__Output>
      SnapshotRequest: MessageTypeDefinition<_tardigrad_v1_SnapshotRequest, _tardigrad_v1_SnapshotRequest__Output>
      SourceFile: MessageTypeDefinition<_tardigrad_v1_SourceFile, _tardigrad_v1_SourceFile__Output>
      StillWaiting: MessageTypeDefinition<_tardigrad_v1_StillWaiting, _tardigrad_v1_StillWaiting__Output>
      StopReply: MessageTypeDefinition<_tardigrad_v1_StopReply, _tardigrad_v1_StopReply__Output>
      StopRequest: MessageTypeDefinition<_tardigrad_v1_StopRequest, _tardigrad_v1_StopRequest__Output>
      SubmitReply: MessageTypeDefinition<_tardigrad_v1_SubmitReply, _tardigrad_v1_SubmitReply__Output>
      SubmitRequest: MessageTypeDefinition<_tardigrad_v1_SubmitRequest, _tardigrad_v1_SubmitRequest__Output>
      Task: MessageTypeDefinition<_tardigrad_v1_Task, _tardigrad_v1_Task__Output>
      WatchRequest: MessageTypeDefinition<_tardigrad_v1_WatchRequest, _tardigrad_v1_WatchRequest__Output>
      WeightsChunk: MessageTypeDefinition<_tardigrad_v1_WeightsChunk, _tardigrad_v1_WeightsChunk__Output>
      WeightsHeader: MessageTypeDefinition<_tardigrad_v1_WeightsHeader, _tardigrad_v1_WeightsHeader__Output>
      WorkerReport: MessageTypeDefinition<_tardigrad_v1_WorkerReport, _tardigrad_v1_WorkerReport__Output>
    }
  }
}

