// Original file: proto/tardigrad/v1/coordinator.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { CheckpointReply as _tardigrad_v1_CheckpointReply, CheckpointReply__Output as _tardigrad_v1_CheckpointReply__Output } from '../../tardigrad/v1/CheckpointReply.ts';
import type { CheckpointRequest as _tardigrad_v1_CheckpointRequest, CheckpointRequest__Output as _tardigrad_v1_CheckpointRequest__Output } from '../../tardigrad/v1/CheckpointRequest.ts';
import type { EvaluationReport as _tardigrad_v1_EvaluationReport, EvaluationReport__Output as _tardigrad_v1_EvaluationReport__Output } from '../../tardigrad/v1/EvaluationReport.ts';
import type { FinishTaskRequest as _tardigrad_v1_FinishTaskRequest, FinishTaskRequest__Output as _tardigrad_v1_FinishTaskRequest__Output } from '../../tardigrad/v1/FinishTaskRequest.ts';
import type { HeartbeatReply as _tardigrad_v1_HeartbeatReply, HeartbeatReply__Output as _tardigrad_v1_HeartbeatReply__Output } from '../../tardigrad/v1/HeartbeatReply.ts';
import type { HeartbeatRequest as _tardigrad_v1_HeartbeatRequest, HeartbeatRequest__Output as _tardigrad_v1_HeartbeatRequest__Output } from '../../tardigrad/v1/HeartbeatRequest.ts';
import type { JobStatus as _tardigrad_v1_JobStatus, JobStatus__Output as _tardigrad_v1_JobStatus__Output } from '../../tardigrad/v1/JobStatus.ts';
import type { LeaseTaskReply as _tardigrad_v1_LeaseTaskReply, LeaseTaskReply__Output as _tardigrad_v1_LeaseTaskReply__Output } from '../../tardigrad/v1/LeaseTaskReply.ts';
import type { LeaseTaskRequest as _tardigrad_v1_LeaseTaskRequest, LeaseTaskRequest__Output as _tardigrad_v1_LeaseTaskRequest__Output } from '../../tardigrad/v1/LeaseTaskRequest.ts';
import type { LeaveRequest as _tardigrad_v1_LeaveRequest, LeaveRequest__Output as _tardigrad_v1_LeaveRequest__Output } from '../../tardigrad/v1/LeaveRequest.ts';
import type { RegisterReply as _tardigrad_v1_RegisterReply, RegisterReply__Output as _tardigrad_v1_RegisterReply__Output } from '../../tardigrad/v1/RegisterReply.ts';
import type { RegisterRequest as _tardigrad_v1_RegisterRequest, RegisterRequest__Output as _tardigrad_v1_RegisterRequest__Output } from '../../tardigrad/v1/RegisterRequest.ts';
import type { RegisterServerReply as _tardigrad_v1_RegisterServerReply, RegisterServerReply__Output as _tardigrad_v1_RegisterServerReply__Output } from '../../tardigrad/v1/RegisterServerReply.ts';
import type { RegisterServerRequest as _tardigrad_v1_RegisterServerRequest, RegisterServerRequest__Output as _tardigrad_v1_RegisterServerRequest__Output } from '../../tardigrad/v1/RegisterServerRequest.ts';
import type { ServerHeartbeatRequest as _tardigrad_v1_ServerHeartbeatRequest, ServerHeartbeatRequest__Output as _tardigrad_v1_ServerHeartbeatRequest__Output } from '../../tardigrad/v1/ServerHeartbeatRequest.ts';
import type { SnapshotReply as _tardigrad_v1_SnapshotReply, SnapshotReply__Output as _tardigrad_v1_SnapshotReply__Output } from '../../tardigrad/v1/SnapshotReply.ts';
import type { SnapshotRequest as _tardigrad_v1_SnapshotRequest, SnapshotRequest__Output as _tardigrad_v1_SnapshotRequest__Output } from '../../tardigrad/v1/SnapshotRequest.ts';
import type { StopReply as _tardigrad_v1_StopReply, StopReply__Output as _tardigrad_v1_StopReply__Output } from '../../tardigrad/v1/StopReply.ts';
import type { StopRequest as _tardigrad_v1_StopRequest, StopRequest__Output as _tardigrad_v1_StopRequest__Output } from '../../tardigrad/v1/StopRequest.ts';
import type { SubmitReply as _tardigrad_v1_SubmitReply, SubmitReply__Output as _tardigrad_v1_SubmitReply__Output } from '../../tardigrad/v1/SubmitReply.ts';
import type { SubmitRequest as _tardigrad_v1_SubmitRequest, SubmitRequest__Output as _tardigrad_v1_SubmitRequest__Output } from '../../tardigrad/v1/SubmitRequest.ts';
import type { WatchRequest as _tardigrad_v1_WatchRequest, WatchRequest__Output as _tardigrad_v1_WatchRequest__Output } from '../../tardigrad/v1/WatchRequest.ts';

export interface CoordinatorClient extends grpc.Client {
  Checkpoint(argument: _tardigrad_v1_CheckpointRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_CheckpointReply__Output>): grpc.ClientUnaryCall;
  Checkpoint(argument: _tardigrad_v1_CheckpointRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_CheckpointReply__Output>): grpc.ClientUnaryCall;
  Checkpoint(argument: _tardigrad_v1_CheckpointRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_CheckpointReply__Output>): grpc.ClientUnaryCall;
  Checkpoint(argument: _tardigrad_v1_CheckpointRequest, callback: grpc.requestCallback<_tardigrad_v1_CheckpointReply__Output>): grpc.ClientUnaryCall;
  checkpoint(argument: _tardigrad_v1_CheckpointRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_CheckpointReply__Output>): grpc.ClientUnaryCall;
  checkpoint(argument: _tardigrad_v1_CheckpointRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_CheckpointReply__Output>): grpc.ClientUnaryCall;
  checkpoint(argument: _tardigrad_v1_CheckpointRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_CheckpointReply__Output>): grpc.ClientUnaryCall;
  checkpoint(argument: _tardigrad_v1_CheckpointRequest, callback: grpc.requestCallback<_tardigrad_v1_CheckpointReply__Output>): grpc.ClientUnaryCall;
  
  FinishTask(argument: _tardigrad_v1_FinishTaskRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  FinishTask(argument: _tardigrad_v1_FinishTaskRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  FinishTask(argument: _tardigrad_v1_FinishTaskRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  FinishTask(argument: _tardigrad_v1_FinishTaskRequest, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  finishTask(argument: _tardigrad_v1_FinishTaskRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  finishTask(argument: _tardigrad_v1_FinishTaskRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  finishTask(argument: _tardigrad_v1_FinishTaskRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  finishTask(argument: _tardigrad_v1_FinishTaskRequest, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  
  Heartbeat(argument: _tardigrad_v1_HeartbeatRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  Heartbeat(argument: _tardigrad_v1_HeartbeatRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  Heartbeat(argument: _tardigrad_v1_HeartbeatRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  Heartbeat(argument: _tardigrad_v1_HeartbeatRequest, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  heartbeat(argument: _tardigrad_v1_HeartbeatRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  heartbeat(argument: _tardigrad_v1_HeartbeatRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  heartbeat(argument: _tardigrad_v1_HeartbeatRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  heartbeat(argument: _tardigrad_v1_HeartbeatRequest, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  
  LeaseTask(argument: _tardigrad_v1_LeaseTaskRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_LeaseTaskReply__Output>): grpc.ClientUnaryCall;
  LeaseTask(argument: _tardigrad_v1_LeaseTaskRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_LeaseTaskReply__Output>): grpc.ClientUnaryCall;
  LeaseTask(argument: _tardigrad_v1_LeaseTaskRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_LeaseTaskReply__Output>): grpc.ClientUnaryCall;
  LeaseTask(argument: _tardigrad_v1_LeaseTaskRequest, callback: grpc.requestCallback<_tardigrad_v1_LeaseTaskReply__Output>): grpc.ClientUnaryCall;
  leaseTask(argument: _tardigrad_v1_LeaseTaskRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_LeaseTaskReply__Output>): grpc.ClientUnaryCall;
  leaseTask(argument: _tardigrad_v1_LeaseTaskRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_LeaseTaskReply__Output>): grpc.ClientUnaryCall;
  leaseTask(argument: _tardigrad_v1_LeaseTaskRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_LeaseTaskReply__Output>): grpc.ClientUnaryCall;
  leaseTask(argument: _tardigrad_v1_LeaseTaskRequest, callback: grpc.requestCallback<_tardigrad_v1_LeaseTaskReply__Output>): grpc.ClientUnaryCall;
  
  Leave(argument: _tardigrad_v1_LeaveRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  Leave(argument: _tardigrad_v1_LeaveRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  Leave(argument: _tardigrad_v1_LeaveRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  Leave(argument: _tardigrad_v1_LeaveRequest, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  leave(argument: _tardigrad_v1_LeaveRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  leave(argument: _tardigrad_v1_LeaveRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  leave(argument: _tardigrad_v1_LeaveRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  leave(argument: _tardigrad_v1_LeaveRequest, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  
  Register(argument: _tardigrad_v1_RegisterRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_RegisterReply__Output>): grpc.ClientUnaryCall;
  Register(argument: _tardigrad_v1_RegisterRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_RegisterReply__Output>): grpc.ClientUnaryCall;
  Register(argument: _tardigrad_v1_RegisterRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_RegisterReply__Output>): grpc.ClientUnaryCall;
  Register(argument: _tardigrad_v1_RegisterRequest, callback: grpc.requestCallback<_tardigrad_v1_RegisterReply__Output>): grpc.ClientUnaryCall;
  register(argument: _tardigrad_v1_RegisterRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_RegisterReply__Output>): grpc.ClientUnaryCall;
  register(argument: _tardigrad_v1_RegisterRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_RegisterReply__Output>): grpc.ClientUnaryCall;
  register(argument: _tardigrad_v1_RegisterRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_RegisterReply__Output>): grpc.ClientUnaryCall;
  register(argument: _tardigrad_v1_RegisterRequest, callback: grpc.requestCallback<_tardigrad_v1_RegisterReply__Output>): grpc.ClientUnaryCall;
  
  RegisterServer(argument: _tardigrad_v1_RegisterServerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_RegisterServerReply__Output>): grpc.ClientUnaryCall;
  RegisterServer(argument: _tardigrad_v1_RegisterServerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_RegisterServerReply__Output>): grpc.ClientUnaryCall;
  RegisterServer(argument: _tardigrad_v1_RegisterServerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_RegisterServerReply__Output>): grpc.ClientUnaryCall;
  RegisterServer(argument: _tardigrad_v1_RegisterServerRequest, callback: grpc.requestCallback<_tardigrad_v1_RegisterServerReply__Output>): grpc.ClientUnaryCall;
  registerServer(argument: _tardigrad_v1_RegisterServerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_RegisterServerReply__Output>): grpc.ClientUnaryCall;
  registerServer(argument: _tardigrad_v1_RegisterServerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_RegisterServerReply__Output>): grpc.ClientUnaryCall;
  registerServer(argument: _tardigrad_v1_RegisterServerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_RegisterServerReply__Output>): grpc.ClientUnaryCall;
  registerServer(argument: _tardigrad_v1_RegisterServerRequest, callback: grpc.requestCallback<_tardigrad_v1_RegisterServerReply__Output>): grpc.ClientUnaryCall;
  
  ReportEvaluation(argument: _tardigrad_v1_EvaluationReport, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  ReportEvaluation(argument: _tardigrad_v1_EvaluationReport, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  ReportEvaluation(argument: _tardigrad_v1_EvaluationReport, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  ReportEvaluation(argument: _tardigrad_v1_EvaluationReport, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  reportEvaluation(argument: _tardigrad_v1_EvaluationReport, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  reportEvaluation(argument: _tardigrad_v1_EvaluationReport, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  reportEvaluation(argument: _tardigrad_v1_EvaluationReport, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  reportEvaluation(argument: _tardigrad_v1_EvaluationReport, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  
  ServerHeartbeat(argument: _tardigrad_v1_ServerHeartbeatRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  ServerHeartbeat(argument: _tardigrad_v1_ServerHeartbeatRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  ServerHeartbeat(argument: _tardigrad_v1_ServerHeartbeatRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  ServerHeartbeat(argument: _tardigrad_v1_ServerHeartbeatRequest, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  serverHeartbeat(argument: _tardigrad_v1_ServerHeartbeatRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  serverHeartbeat(argument: _tardigrad_v1_ServerHeartbeatRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  serverHeartbeat(argument: _tardigrad_v1_ServerHeartbeatRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  serverHeartbeat(argument: _tardigrad_v1_ServerHeartbeatRequest, callback: grpc.requestCallback<_tardigrad_v1_HeartbeatReply__Output>): grpc.ClientUnaryCall;
  
  Snapshot(argument: _tardigrad_v1_SnapshotRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_SnapshotReply__Output>): grpc.ClientUnaryCall;
  Snapshot(argument: _tardigrad_v1_SnapshotRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_SnapshotReply__Output>): grpc.ClientUnaryCall;
  Snapshot(argument: _tardigrad_v1_SnapshotRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_SnapshotReply__Output>): grpc.ClientUnaryCall;
  Snapshot(argument: _tardigrad_v1_SnapshotRequest, callback: grpc.requestCallback<_tardigrad_v1_SnapshotReply__Output>): grpc.ClientUnaryCall;
  snapshot(argument: _tardigrad_v1_SnapshotRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_SnapshotReply__Output>): grpc.ClientUnaryCall;
  snapshot(argument: _tardigrad_v1_SnapshotRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_SnapshotReply__Output>): grpc.ClientUnaryCall;
  snapshot(argument: _tardigrad_v1_SnapshotRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_SnapshotReply__Output>): grpc.ClientUnaryCall;
  snapshot(argument: _tardigrad_v1_SnapshotRequest, callback: grpc.requestCallback<_tardigrad_v1_SnapshotReply__Output>): grpc.ClientUnaryCall;
  
  Stop(argument: _tardigrad_v1_StopRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_StopReply__Output>): grpc.ClientUnaryCall;
  Stop(argument: _tardigrad_v1_StopRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_StopReply__Output>): grpc.ClientUnaryCall;
  Stop(argument: _tardigrad_v1_StopRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_StopReply__Output>): grpc.ClientUnaryCall;
  Stop(argument: _tardigrad_v1_StopRequest, callback: grpc.requestCallback<_tardigrad_v1_StopReply__Output>): grpc.ClientUnaryCall;
  stop(argument: _tardigrad_v1_StopRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_StopReply__Output>): grpc.ClientUnaryCall;
  stop(argument: _tardigrad_v1_StopRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_StopReply__Output>): grpc.ClientUnaryCall;
  stop(argument: _tardigrad_v1_StopRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_StopReply__Output>): grpc.ClientUnaryCall;
  stop(argument: _tardigrad_v1_StopRequest, callback: grpc.requestCallback<_tardigrad_v1_StopReply__Output>): grpc.ClientUnaryCall;
  
  Submit(argument: _tardigrad_v1_SubmitRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_SubmitReply__Output>): grpc.ClientUnaryCall;
  Submit(argument: _tardigrad_v1_SubmitRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_SubmitReply__Output>): grpc.ClientUnaryCall;
  Submit(argument: _tardigrad_v1_SubmitRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_SubmitReply__Output>): grpc.ClientUnaryCall;
  Submit(argument: _tardigrad_v1_SubmitRequest, callback: grpc.requestCallback<_tardigrad_v1_SubmitReply__Output>): grpc.ClientUnaryCall;
  submit(argument: _tardigrad_v1_SubmitRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_SubmitReply__Output>): grpc.ClientUnaryCall;
  submit(argument: _tardigrad_v1_SubmitRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_SubmitReply__Output>): grpc.ClientUnaryCall;
  submit(argument: _tardigrad_v1_SubmitRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_SubmitReply__Output>): grpc.ClientUnaryCall;
  submit(argument: _tardigrad_v1_SubmitRequest, callback: grpc.requestCallback<_tardigrad_v1_SubmitReply__Output>): grpc.ClientUnaryCall;
  
  Watch(argument: _tardigrad_v1_WatchRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_tardigrad_v1_JobStatus__Output>;
  Watch(argument: _tardigrad_v1_WatchRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_tardigrad_v1_JobStatus__Output>;
  watch(argument: _tardigrad_v1_WatchRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_tardigrad_v1_JobStatus__Output>;
  watch(argument: _tardigrad_v1_WatchRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_tardigrad_v1_JobStatus__Output>;
  
}

export interface CoordinatorHandlers extends grpc.UntypedServiceImplementation {
  Checkpoint: grpc.handleUnaryCall<_tardigrad_v1_CheckpointRequest__Output, _tardigrad_v1_CheckpointReply>;
  
  FinishTask: grpc.handleUnaryCall<_tardigrad_v1_FinishTaskRequest__Output, _tardigrad_v1_HeartbeatReply>;
  
  Heartbeat: grpc.handleUnaryCall<_tardigrad_v1_HeartbeatRequest__Output, _tardigrad_v1_HeartbeatReply>;
  
  LeaseTask: grpc.handleUnaryCall<_tardigrad_v1_LeaseTaskRequest__Output, _tardigrad_v1_LeaseTaskReply>;
  
  Leave: grpc.handleUnaryCall<_tardigrad_v1_LeaveRequest__Output, _tardigrad_v1_HeartbeatReply>;
  
  Register: grpc.handleUnaryCall<_tardigrad_v1_RegisterRequest__Output, _tardigrad_v1_RegisterReply>;
  
  RegisterServer: grpc.handleUnaryCall<_tardigrad_v1_RegisterServerRequest__Output, _tardigrad_v1_RegisterServerReply>;
  
  ReportEvaluation: grpc.handleUnaryCall<_tardigrad_v1_EvaluationReport__Output, _tardigrad_v1_HeartbeatReply>;
  
  ServerHeartbeat: grpc.handleUnaryCall<_tardigrad_v1_ServerHeartbeatRequest__Output, _tardigrad_v1_HeartbeatReply>;
  
  Snapshot: grpc.handleUnaryCall<_tardigrad_v1_SnapshotRequest__Output, _tardigrad_v1_SnapshotReply>;
  
  Stop: grpc.handleUnaryCall<_tardigrad_v1_StopRequest__Output, _tardigrad_v1_StopReply>;
  
  Submit: grpc.handleUnaryCall<_tardigrad_v1_SubmitRequest__Output, _tardigrad_v1_SubmitReply>;
  
  Watch: grpc.handleServerStreamingCall<_tardigrad_v1_WatchRequest__Output, _tardigrad_v1_JobStatus>;
  
}

export interface CoordinatorDefinition extends grpc.ServiceDefinition {
  Checkpoint: MethodDefinition<_tardigrad_v1_CheckpointRequest, _tardigrad_v1_CheckpointReply, _tardigrad_v1_CheckpointRequest__Output, _tardigrad_v1_CheckpointReply__Output>
  FinishTask: MethodDefinition<_tardigrad_v1_FinishTaskRequest, _tardigrad_v1_HeartbeatReply, _tardigrad_v1_FinishTaskRequest__Output, _tardigrad_v1_HeartbeatReply__Output>
  Heartbeat: MethodDefinition<_tardigrad_v1_HeartbeatRequest, _tardigrad_v1_HeartbeatReply, _tardigrad_v1_HeartbeatRequest__Output, _tardigrad_v1_HeartbeatReply__Output>
  LeaseTask: MethodDefinition<_tardigrad_v1_LeaseTaskRequest, _tardigrad_v1_LeaseTaskReply, _tardigrad_v1_LeaseTaskRequest__Output, _tardigrad_v1_LeaseTaskReply__Output>
  Leave: MethodDefinition<_tardigrad_v1_LeaveRequest, _tardigrad_v1_HeartbeatReply, _tardigrad_v1_LeaveRequest__Output, _tardigrad_v1_HeartbeatReply__Output>
  Register: MethodDefinition<_tardigrad_v1_RegisterRequest, _tardigrad_v1_RegisterReply, _tardigrad_v1_RegisterRequest__Output, _tardigrad_v1_RegisterReply__Output>
  RegisterServer: MethodDefinition<_tardigrad_v1_RegisterServerRequest, _tardigrad_v1_RegisterServerReply, _tardigrad_v1_RegisterServerRequest__Output, _tardigrad_v1_RegisterServerReply__Output>
  ReportEvaluation: MethodDefinition<_tardigrad_v1_EvaluationReport, _tardigrad_v1_HeartbeatReply, _tardigrad_v1_EvaluationReport__Output, _tardigrad_v1_HeartbeatReply__Output>
  ServerHeartbeat: MethodDefinition<_tardigrad_v1_ServerHeartbeatRequest, _tardigrad_v1_HeartbeatReply, _tardigrad_v1_ServerHeartbeatRequest__Output, _tardigrad_v1_HeartbeatReply__Output>
  Snapshot: MethodDefinition<_tardigrad_v1_SnapshotRequest, _tardigrad_v1_SnapshotReply, _tardigrad_v1_SnapshotRequest__Output, _tardigrad_v1_SnapshotReply__Output>
  Stop: MethodDefinition<_tardigrad_v1_StopRequest, _tardigrad_v1_StopReply, _tardigrad_v1_StopRequest__Output, _tardigrad_v1_StopReply__Output>
  Submit: MethodDefinition<_tardigrad_v1_SubmitRequest, _tardigrad_v1_SubmitReply, _tardigrad_v1_SubmitRequest__Output, _tardigrad_v1_SubmitReply__Output>
  Watch: MethodDefinition<_tardigrad_v1_WatchRequest, _tardigrad_v1_JobStatus, _tardigrad_v1_WatchRequest__Output, _tardigrad_v1_JobStatus__Output>
}
