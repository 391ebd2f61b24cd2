// Original file: proto/tardigrad/v1/parameter_server.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ShardOrder as _tardigrad_v1_ShardOrder, ShardOrder__Output as _tardigrad_v1_ShardOrder__Output } from '../../tardigrad/v1/ShardOrder.ts';
import type { ShardOrderReply as _tardigrad_v1_ShardOrderReply, ShardOrderReply__Output as _tardigrad_v1_ShardOrderReply__Output } from '../../tardigrad/v1/ShardOrderReply.ts';

export interface ShardControlClient extends grpc.Client {
  Order(argument: _tardigrad_v1_ShardOrder, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_ShardOrderReply__Output>): grpc.ClientUnaryCall;
  Order(argument: _tardigrad_v1_ShardOrder, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_ShardOrderReply__Output>): grpc.ClientUnaryCall;
  Order(argument: _tardigrad_v1_ShardOrder, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_ShardOrderReply__Output>): grpc.ClientUnaryCall;
  Order(argument: _tardigrad_v1_ShardOrder, callback: grpc.requestCallback<_tardigrad_v1_ShardOrderReply__Output>): grpc.ClientUnaryCall;
  order(argument: _tardigrad_v1_ShardOrder, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_ShardOrderReply__Output>): grpc.ClientUnaryCall;
  order(argument: _tardigrad_v1_ShardOrder, metadata: grpc.Metadata, callback: grpc.requestCallback<_tardigrad_v1_ShardOrderReply__Output>): grpc.ClientUnaryCall;
  order(argument: _tardigrad_v1_ShardOrder, options: grpc.CallOptions, callback: grpc.requestCallback<_tardigrad_v1_ShardOrderReply__Output>): grpc.ClientUnaryCall;
  order(argument: _tardigrad_v1_ShardOrder, callback: grpc.requestCallback<_tardigrad_v1_ShardOrderReply__Output>): grpc.ClientUnaryCall;
  
}

export interface ShardControlHandlers extends grpc.UntypedServiceImplementation {
  Order: grpc.handleUnaryCall<_tardigrad_v1_ShardOrder__Output, _tardigrad_v1_ShardOrderReply>;
  
}

export interface ShardControlDefinition extends grpc.ServiceDefinition {
  Order: MethodDefinition<_tardigrad_v1_ShardOrder, _tardigrad_v1_ShardOrderReply, _tardigrad_v1_ShardOrder__Output, _tardigrad_v1_ShardOrderReply__Output>
}
