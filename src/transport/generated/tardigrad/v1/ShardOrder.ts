// Original file: proto/tardigrad/v1/parameter_server.proto

import type { MembersOrder as _tardigrad_v1_MembersOrder, MembersOrder__Output as _tardigrad_v1_MembersOrder__Output } from '../../tardigrad/v1/MembersOrder.ts';
import type { MarkOrder as _tardigrad_v1_MarkOrder, MarkOrder__Output as _tardigrad_v1_MarkOrder__Output } from '../../tardigrad/v1/MarkOrder.ts';
import type { CutOrder as _tardigrad_v1_CutOrder, CutOrder__Output as _tardigrad_v1_CutOrder__Output } from '../../tardigrad/v1/CutOrder.ts';
import type { DropMarkOrder as _tardigrad_v1_DropMarkOrder, DropMarkOrder__Output as _tardigrad_v1_DropMarkOrder__Output } from '../../tardigrad/v1/DropMarkOrder.ts';
import type { FenceOrder as _tardigrad_v1_FenceOrder, FenceOrder__Output as _tardigrad_v1_FenceOrder__Output } from '../../tardigrad/v1/FenceOrder.ts';
import type { LoadOrder as _tardigrad_v1_LoadOrder, LoadOrder__Output as _tardigrad_v1_LoadOrder__Output } from '../../tardigrad/v1/LoadOrder.ts';
import type { CollectOrder as _tardigrad_v1_CollectOrder, CollectOrder__Output as _tardigrad_v1_CollectOrder__Output } from '../../tardigrad/v1/CollectOrder.ts';
import type { ForgetOrder as _tardigrad_v1_ForgetOrder, ForgetOrder__Output as _tardigrad_v1_ForgetOrder__Output } from '../../tardigrad/v1/ForgetOrder.ts';
import type { FinishOrder as _tardigrad_v1_FinishOrder, FinishOrder__Output as _tardigrad_v1_FinishOrder__Output } from '../../tardigrad/v1/FinishOrder.ts';
import type { Long } from '@grpc/proto-loader';

export interface ShardOrder {
  'job'?: (string);
  'epoch'?: (number | string | Long);
  'members'?: (_tardigrad_v1_MembersOrder | null);
  'mark'?: (_tardigrad_v1_MarkOrder | null);
  'cut'?: (_tardigrad_v1_CutOrder | null);
  'dropMark'?: (_tardigrad_v1_DropMarkOrder | null);
  'fence'?: (_tardigrad_v1_FenceOrder | null);
  'load'?: (_tardigrad_v1_LoadOrder | null);
  'collect'?: (_tardigrad_v1_CollectOrder | null);
  'forget'?: (_tardigrad_v1_ForgetOrder | null);
  'finish'?: (_tardigrad_v1_FinishOrder | null);
  'order'?: "members"|"mark"|"cut"|"dropMark"|"fence"|"load"|"collect"|"forget"|"finish";
}

export interface ShardOrder__Output {
  'job': (string);
  'epoch': (number);
  'members'?: (_tardigrad_v1_MembersOrder__Output | null);
  'mark'?: (_tardigrad_v1_MarkOrder__Output | null);
  'cut'?: (_tardigrad_v1_CutOrder__Output | null);
  'dropMark'?: (_tardigrad_v1_DropMarkOrder__Output | null);
  'fence'?: (_tardigrad_v1_FenceOrder__Output | null);
  'load'?: (_tardigrad_v1_LoadOrder__Output | null);
  'collect'?: (_tardigrad_v1_CollectOrder__Output | null);
  'forget'?: (_tardigrad_v1_ForgetOrder__Output | null);
  'finish'?: (_tardigrad_v1_FinishOrder__Output | null);
  'order'?: "members"|"mark"|"cut"|"dropMark"|"fence"|"load"|"collect"|"forget"|"finish";
}
