// Original file: proto/tardigrad/v1/parameter_server.proto

import type { MemberEntry as _tardigrad_v1_MemberEntry, MemberEntry__Output as _tardigrad_v1_MemberEntry__Output } from '../../tardigrad/v1/MemberEntry.ts';
import type { Long } from '@grpc/proto-loader';

export interface MembersOrder {
  'number'?: (number | string | Long);
  'history'?: (number | string | Long);
  'members'?: (_tardigrad_v1_MemberEntry)[];
}

export interface MembersOrder__Output {
  'number': (number);
  'history': (number);
  'members': (_tardigrad_v1_MemberEntry__Output)[];
}
