// Original file: proto/tardigrad/v1/parameter_server.proto

export const Outcome = {
  OUTCOME_UNSPECIFIED: 'OUTCOME_UNSPECIFIED',
  APPLIED: 'APPLIED',
  BUFFERED: 'BUFFERED',
  STALE: 'STALE',
  WITHHELD: 'WITHHELD',
  VOID: 'VOID',
} as const;

export type Outcome =
  | 'OUTCOME_UNSPECIFIED'
  | 0
  | 'APPLIED'
  | 1
  | 'BUFFERED'
  | 2
  | 'STALE'
  | 3
  | 'WITHHELD'
  | 4
  | 'VOID'
  | 5

export type Outcome__Output = typeof Outcome[keyof typeof Outcome]
