// Original file: proto/tardigrad/v1/parameter_server.proto

export const PushKind = {
  PUSH_KIND_GRADIENT: 'PUSH_KIND_GRADIENT',
  PUSH_KIND_DELTA: 'PUSH_KIND_DELTA',
  PUSH_KIND_INITIAL: 'PUSH_KIND_INITIAL',
  PUSH_KIND_VOID: 'PUSH_KIND_VOID',
} as const;

export type PushKind =
  | 'PUSH_KIND_GRADIENT'
  | 0
  | 'PUSH_KIND_DELTA'
  | 1
  | 'PUSH_KIND_INITIAL'
  | 2
  | 'PUSH_KIND_VOID'
  | 3

export type PushKind__Output = typeof PushKind[keyof typeof PushKind]
