// Original file: proto/tardigrad/v1/parameter_server.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ExchangeReply as _tardigrad_v1_ExchangeReply, ExchangeReply__Output as _tardigrad_v1_ExchangeReply__Output } from '../../tardigrad/v1/ExchangeReply.ts';
import type { ExchangeRequest as _tardigrad_v1_ExchangeRequest, ExchangeRequest__Output as _tardigrad_v1_ExchangeRequest__Output } from '../../tardigrad/v1/ExchangeRequest.ts';
import type { PullRequest as _tardigrad_v1_PullRequest, PullRequest__Output as _tardigrad_v1_PullRequest__Output } from '../../tardigrad/v1/PullRequest.ts';
import type { PushChunk as _tardigrad_v1_PushChunk, PushChunk__Output as _tardigrad_v1_PushChunk__Output } from '../../tardigrad/v1/PushChunk.ts';
import type { PushReply as _tardigrad_v1_PushReply, PushReply__Output as _tardigrad_v1_PushReply__Output } from '../../tardigrad/v1/PushReply.ts';
import type { ShardStatus as _tardigrad_v1_ShardStatus, ShardStatus__Output as _tardigrad_v1_ShardStatus__Output } from '../../tardigrad/v1/ShardStatus.ts';
import type { ShardStatusRequest as _tardigrad_v1_ShardStatusRequest, ShardStatusRequest__Output as _tardigrad_v1_ShardStatusRequest__Output } from '../../tardigrad/v1/ShardStatusRequest.ts';
import type { WeightsChunk as _tardigrad_v1_WeightsChunk, WeightsChunk__Output as _tardigrad_v1_WeightsChunk__Output } from '../../tardigrad/v1/WeightsChunk.ts';

export interface ParameterServerClient extends grpc.Client {
  Exchange(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_tardigrad_v1_ExchangeRequest, _tardigrad_v1_ExchangeReply__Output>;
  Exchange(options?: grpc.CallOptions): grpc.ClientDuplexStream<_tardigrad_v1_ExchangeRequest, _tardigrad_v1_ExchangeReply__Output>;
  exchange(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_tardigrad_v1_ExchangeRequest, _tardigrad_v1_ExchangeReply__Output>;
  exchange(options?: grpc.CallOptions): grpc.ClientDuplexStream<_tardigrad_v1_ExchangeRequest, _tardigrad_v1_ExchangeReply__Output>;
  
  Pull(argument: _tardigrad_v1_PullRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_tardigrad_v1_WeightsChunk__Output>;
  Pull(argument: _tardigrad_v1_PullRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_tardigrad_v1_WeightsChunk__Output>;
  pull(argument: _tardigrad_v1_PullRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_tardigrad_v1_WeightsChunk__Output>;
  pull(argument: _tardigrad_v1_PullRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_tardigrad_v1_WeightsChunk__Output>;
  
  Push(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_PushReply__Output>): grpc.ClientWritableStream<_tardigrad_v1_PushChunk>;
  Push(metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_PushReply__Output>): grpc.ClientWritableStream<_tardigrad_v1_PushChunk>;
  Push(options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_PushReply__Output>): grpc.ClientWritableStream<_tardigrad_v1_PushChunk>;
  Push(callback: grpc.requestCallback<_tardigrad_v1_PushReply__Output>): grpc.ClientWritableStream<_tardigrad_v1_PushChunk>;
  push(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_PushReply__Output>): grpc.ClientWritableStream<_tardigrad_v1_PushChunk>;
  push(metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_PushReply__Output>): grpc.ClientWritableStream<_tardigrad_v1_PushChunk>;
  push(options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_PushReply__Output>): grpc.ClientWritableStream<_tardigrad_v1_PushChunk>;
  push(callback: grpc.requestCallback<_tardigrad_v1_PushReply__Output>): grpc.ClientWritableStream<_tardigrad_v1_PushChunk>;
  
  Status(argument: _tardigrad_v1_ShardStatusRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_ShardStatus__Output>): grpc.ClientUnaryCall;
  Status(argument: _tardigrad_v1_ShardStatusRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_ShardStatus__Output>): grpc.ClientUnaryCall;
  Status(argument: _tardigrad_v1_ShardStatusRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_ShardStatus__Output>): grpc.ClientUnaryCall;
  Status(argument: _tardigrad_v1_ShardStatusRequest, callback: grpc.requestCallback<_tardigrad_v1_ShardStatus__Output>): grpc.ClientUnaryCall;
  status(argument: _tardigrad_v1_ShardStatusRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_ShardStatus__Output>): grpc.ClientUnaryCall;
  status(argument: _tardigrad_v1_ShardStatusRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_ShardStatus__Output>): grpc.ClientUnaryCall;
  status(argument: _tardigrad_v1_ShardStatusRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_ShardStatus__Output>): grpc.ClientUnaryCall;
  status(argument: _tardigrad_v1_ShardStatusRequest, callback: grpc.requestCallback<_tardigrad_v1_ShardStatus__Output>): grpc.ClientUnaryCall;
  
}

export interface ParameterServerHandlers extends grpc.UntypedServiceImplementation {
  Exchange: grpc.handleBidiStreamingCall<_tardigrad_v1_ExchangeRequest__Output, _tardigrad_v1_ExchangeReply>;
  
  Pull: grpc.handleServerStreamingCall<_tardigrad_v1_PullRequest__Output, _tardigrad_v1_WeightsChunk>;
  
  Push: grpc.handleClientStreamingCall<_tardigrad_v1_PushChunk__Output, _tardigrad_v1_PushReply>;
  
  Status: grpc.handleUnaryCall<_tardigrad_v1_ShardStatusRequest__Output, _tardigrad_v1_ShardStatus>;
  
}

export interface ParameterServerDefinition extends grpc.ServiceDefinition {
  Exchange: MethodDefinition<_tardigrad_v1_ExchangeRequest, _tardigrad_v1_ExchangeReply, _tardigrad_v1_ExchangeRequest__Output, _tardigrad_v1_ExchangeReply__Output>
  Pull: MethodDefinition<_tardigrad_v1_PullRequest, _tardigrad_v1_WeightsChunk, _tardigrad_v1_PullRequest__Output, _tardigrad_v1_WeightsChunk__Output>
  Push: MethodDefinition<_tardigrad_v1_PushChunk, _tardigrad_v1_PushReply, _tardigrad_v1_PushChunk__Output, _tardigrad_v1_PushReply__Output>
  Status: MethodDefinition<_tardigrad_v1_ShardStatusRequest, _tardigrad_v1_ShardStatus, _tardigrad_v1_ShardStatusRequest__Output, _tardigrad_v1_ShardStatus__Output>
}
